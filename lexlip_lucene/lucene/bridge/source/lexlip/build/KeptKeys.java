package lexlip.build;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The keys of a line that are kept beside id and vector: as stored fields, as keywords to filter
 * by, or both.
 *
 * <p>In a {@link Block} the value of key number n has the code 2n when it is stored and 2n + 1 when
 * it is a keyword.
 */
final class KeptKeys {
  static final KeptKeys NONE = new KeptKeys(List.of(), List.of());

  final String[] keys;
  final byte[][] names;
  private final Set<String> stored;
  private final Set<String> keywords;

  KeptKeys(List<String> stored, List<String> keywords) {
    this.stored = new LinkedHashSet<>(stored);
    this.keywords = new LinkedHashSet<>(keywords);
    Set<String> all = new LinkedHashSet<>(stored);
    all.addAll(keywords);
    keys = all.toArray(new String[0]);
    names = new byte[keys.length][];
    for (int key = 0; key < keys.length; key++) {
      names[key] = keys[key].getBytes(StandardCharsets.UTF_8);
    }
  }

  boolean none() {
    return keys.length == 0;
  }

  boolean stored(int key) {
    return stored.contains(keys[key]);
  }

  boolean keyword(int key) {
    return keywords.contains(keys[key]);
  }
}
