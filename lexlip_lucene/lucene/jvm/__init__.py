"""The JVM of this process, and the way into it."""
