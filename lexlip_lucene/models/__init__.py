"""The models that come with the package, each in the folder of its name."""
