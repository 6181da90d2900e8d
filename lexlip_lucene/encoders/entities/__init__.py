"""Entities in texts with the help of their pictures (MAF, WSDM 2022)."""
