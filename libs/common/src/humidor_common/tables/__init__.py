"""Tables as files: read by people's spreadsheets (CSV, XLSX), written for them (CSV, XLSX, Parquet)."""
