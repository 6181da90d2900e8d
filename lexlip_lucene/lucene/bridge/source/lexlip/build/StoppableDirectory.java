package lexlip.build;

import java.io.IOException;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.FilterIndexOutput;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexOutput;

/**
 * A directory whose writes fail after a request to stop: Lucene's merger has no other place to
 * check for it.
 */
final class StoppableDirectory extends FilterDirectory {
  private final Stop stop;

  StoppableDirectory(Directory directory, Stop stop) {
    super(directory);
    this.stop = stop;
  }

  @Override
  public IndexOutput createOutput(String name, IOContext context) throws IOException {
    return new Output(in.createOutput(name, context));
  }

  @Override
  public IndexOutput createTempOutput(String prefix, String suffix, IOContext context)
      throws IOException {
    return new Output(in.createTempOutput(prefix, suffix, context));
  }

  private final class Output extends FilterIndexOutput {
    Output(IndexOutput out) {
      super("stoppable " + out, out.getName(), out);
    }

    @Override
    public void writeByte(byte value) throws IOException {
      out.writeByte(value);
    }

    // Without these three, numbers are written byte by byte, which takes half of the time for
    // writing
    // postings.
    @Override
    public void writeShort(short value) throws IOException {
      out.writeShort(value);
    }

    @Override
    public void writeInt(int value) throws IOException {
      out.writeInt(value);
    }

    @Override
    public void writeLong(long value) throws IOException {
      out.writeLong(value);
    }

    @Override
    public void writeBytes(byte[] bytes, int from, int length) throws IOException {
      if (stop.asked()) {
        throw new IOException("stopped");
      }
      out.writeBytes(bytes, from, length);
    }
  }
}
