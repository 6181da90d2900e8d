"""The Java half of the bridge to Lucene: its sources (`source/`), its jar, and how the one becomes the other.

The jar has class files for Java 17 that use nothing but the JDK and `org.apache.lucene` of Anserini's jar, in versions
9.9 to 10.4; `python -m lexlip_lucene.lucene.bridge.rebuild` makes it again.
"""
