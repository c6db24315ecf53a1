from humidor_cli.main import main

main()
