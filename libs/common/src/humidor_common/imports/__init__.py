"""Imports of files: a dry run that lists every mistake, then all rows in one transaction or none.

A service declares a `Kind` for each thing that can be imported and includes `make_router(name, kinds)`.
"""
