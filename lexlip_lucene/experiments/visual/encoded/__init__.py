"""The torch side of the measurements: pictures in, files of places, collections and encoded queries out."""
