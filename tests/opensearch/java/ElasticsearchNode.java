import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.analysis.PreBuiltAnalyzerProviderFactory;
import org.elasticsearch.index.mapper.MapperExtrasPlugin;
import org.elasticsearch.indices.analysis.PreBuiltCacheFactory.CachingStrategy;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.transport.Netty4Plugin;

/** A node of Elasticsearch in a JVM of its own: {@code ElasticsearchNode HOME setting=value …}. Ends when standard input does. */
public final class ElasticsearchNode extends Node {
  /** The analyser {@code english}: the module that every Elasticsearch has it from is not on Maven Central. */
  public static final class English extends Plugin implements AnalysisPlugin {
    @Override
    public List<PreBuiltAnalyzerProviderFactory> getPreBuiltAnalyzerProviderFactories() {
      return List.of(
          new PreBuiltAnalyzerProviderFactory(
              "english", CachingStrategy.LUCENE, EnglishAnalyzer::new));
    }
  }

  private ElasticsearchNode(Environment environment) {
    super(
        environment,
        List.of(English.class, MapperExtrasPlugin.class, Netty4Plugin.class),
        true);
  }

  /** Leaves the logs without the names of node and cluster: nobody reads them. */
  @Override
  protected void configureNodeAndClusterIdStateListener(ClusterService service) {}

  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]);
    Settings.Builder settings = Settings.builder().put("path.home", home.toString());
    for (int each = 1; each < arguments.length; each++) {
      String[] parts = arguments[each].split("=", 2);
      settings.put(parts[0], parts[1]);
    }
    Environment environment =
        InternalSettingsPreparer.prepareEnvironment(
            settings.build(), Map.of(), home.resolve("config"), () -> "node");
    try (Node node = new ElasticsearchNode(environment)) {
      node.start();
      System.out.println("started");
      while (System.in.read() >= 0) {}
    }
  }
}
