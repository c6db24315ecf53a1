from humidor_common.db.migrate import run_environment

run_environment()
