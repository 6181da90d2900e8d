package lexlip.search;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;

/**
 * The postings decoded so far, and other parts made of whole segments, up to a number of bytes; the
 * part unused for the longest time leaves first. Shared by all snapshots of an index, because a
 * segment's postings never change. Safe for several threads.
 */
final class PostingsCache {

  /**
   * The cache of searchers without a size of their own: a third of the largest heap for all of them
   * together.
   */
  static final PostingsCache SHARED = new PostingsCache(Runtime.getRuntime().maxMemory() / 3);

  /** An object that knows its size. */
  interface Sized {
    /** Returns the memory taken, in bytes. */
    long bytes();
  }

  /** A part of a segment: the {@link BytesRef} of a token, or another name. */
  private record Key(Object segment, Object part) {}

  /** The name of a token's postings that are sorted by impact. */
  private record ByImpact(BytesRef token) {}

  private final long limit;
  private final Map<Key, Sized> held = new LinkedHashMap<>(256, 0.75f, true);
  private long bytes;

  /**
   * @param limit in bytes; a part that takes more by itself is not held
   */
  PostingsCache(long limit) {
    this.limit = limit;
  }

  long limit() {
    return limit;
  }

  /** Returns the postings of {@code token}; null if the segment lacks it. */
  TermPostings get(LeafReader reader, String field, BytesRef token) throws IOException {
    TermPostings there = find(reader, token, TermPostings.class);
    if (there != null) {
      return there;
    }
    TermPostings read = decode(reader, field, token);
    if (read != null) {
      hold(reader, BytesRef.deepCopyOf(token), read);
    }
    return read;
  }

  /**
   * Returns the postings {@code there} of a token with the impact of every document if it is
   * common, and with what a search by blocks needs if {@code blocks}; from then on they are held
   * so.
   */
  TermPostings with(
      boolean blocks,
      LeafReader reader,
      BytesRef token,
      TermPostings there,
      FrequentTokens tokens) {
    boolean common = there.small != null && there.places.length >= tokens.leastCommon;
    TermPostings made = there;
    if (common && made.dense == null) {
      made = made.withDense(reader.maxDoc());
    }
    if (blocks && made.blocks == null) {
      made = made.withBlocks(reader.maxDoc(), tokens);
    }
    if (made != there) {
      hold(reader, BytesRef.deepCopyOf(token), made);
    }
    return made;
  }

  /**
   * Returns the postings as {@link #get} does, sorted by impact. They are held beside those sorted
   * by document, if a search needs these as well.
   */
  TermPostings byImpact(LeafReader reader, String field, BytesRef token) throws IOException {
    TermPostings there = find(reader, new ByImpact(token), TermPostings.class);
    if (there != null) {
      return there;
    }
    TermPostings byDocument = find(reader, token, TermPostings.class);
    TermPostings read = byDocument == null ? decode(reader, field, token) : byDocument;
    if (read == null) {
      return null;
    }
    TermPostings sorted = read.byImpact();
    hold(reader, new ByImpact(BytesRef.deepCopyOf(token)), sorted);
    return sorted;
  }

  /** Returns a part of a segment if it is held, else null. */
  <T extends Sized> T find(LeafReader reader, Object part, Class<T> type) {
    synchronized (held) {
      return type.cast(held.get(new Key(reader.getCoreCacheHelper().getKey(), part)));
    }
  }

  /** Forgets a segment that was closed. */
  void forget(Object segment) {
    synchronized (held) {
      List<Key> gone = new ArrayList<>();
      for (Map.Entry<Key, Sized> entry : held.entrySet()) {
        if (entry.getKey().segment == segment) {
          gone.add(entry.getKey());
          bytes -= entry.getValue().bytes();
        }
      }
      gone.forEach(held::remove);
    }
  }

  /** Holds a part of a segment, unless it takes more than the limit by itself. */
  void hold(LeafReader reader, Object part, Sized made) {
    if (made.bytes() > limit) {
      return;
    }
    synchronized (held) {
      Sized before = held.put(new Key(reader.getCoreCacheHelper().getKey(), part), made);
      bytes += made.bytes() - (before == null ? 0 : before.bytes());
      Iterator<Sized> oldest = held.values().iterator();
      while (bytes > limit && oldest.hasNext()) {
        bytes -= oldest.next().bytes();
        oldest.remove();
      }
    }
  }

  private static TermPostings decode(LeafReader reader, String field, BytesRef token)
      throws IOException {
    Terms terms = reader.terms(field);
    if (terms == null) {
      return null;
    }
    TermsEnum all = terms.iterator();
    if (!all.seekExact(token)) {
      return null;
    }
    return TermPostings.read(all.postings(null, PostingsEnum.FREQS), all.docFreq());
  }
}
