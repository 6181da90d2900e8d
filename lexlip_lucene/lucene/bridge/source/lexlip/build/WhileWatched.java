package lexlip.build;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * A process that runs the {@code main} of another class for as long as standard input stays open.
 * Python holds the other end; when it is killed, the system closes that end, and this process ends
 * without another write.
 */
public final class WhileWatched {
  private WhileWatched() {}

  /** Runs the class named first with the other arguments. */
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
      // counts as the end
    }
    Runtime.getRuntime().halt(1); // not exit(), whose shutdown hooks could write
  }
}
