package lexlip.build;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * Runs the {@code main} of another class in this process for as long as standard input stays open.
 * Python holds the other end; when it is killed, the system closes that end, and this process ends
 * without another write.
 */
public final class WhileWatched {
  private WhileWatched() {}

  /** Takes the class and then its arguments. */
  public static void main(String[] arguments) throws Throwable {
    Threads.daemon(WhileWatched::watch).start();
    String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length);
    try {
      Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
    } catch (InvocationTargetException error) {
      throw error.getCause();
    }
  }

  private static void watch() {
    try {
      while (System.in.read() >= 0) {
        // nobody writes, so this waits for the end
      }
    } catch (IOException error) {
      // as good as the end
    }
    Runtime.getRuntime().halt(1); // not exit, which would let shutdown hooks write
  }
}
