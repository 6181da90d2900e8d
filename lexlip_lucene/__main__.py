"""`python -m lexlip_lucene` is the command `lexlip`."""

from lexlip_lucene.cli.main import main

if __name__ == "__main__":
    main()
