// Segment's SDK for Java: says one of everything, then TRACKS events, a few at a time.
import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.*;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

public class Main {
  public static void main(String[] arguments) throws Exception {
    int tracks = Integer.parseInt(System.getenv("TRACKS"));
    AtomicInteger waiting = new AtomicInteger(6 + tracks);
    Callback callback = new Callback() {
      public void success(Message message) {
        waiting.decrementAndGet();
      }

      public void failure(Message message, Throwable error) {
        System.err.println("lost: " + error);
        System.exit(1);
      }
    };
    Analytics analytics = Analytics.builder(System.getenv("KEY"))
        .endpoint(System.getenv("URL"))
        .flushQueueSize(5)
        .flushInterval(1000, TimeUnit.MILLISECONDS)
        .callback(callback)
        .build();
    analytics.enqueue(IdentifyMessage.builder().userId("user-1")
        .traits(Map.of("name", "Ann Lee", "email", "ann@example.com", "plan", "Grow", "logins", 5)));
    analytics.enqueue(TrackMessage.builder("Signed Up").messageId("track-1").userId("user-1")
        .properties(Map.of("source", "ad", "amount", 12.5)));
    analytics.enqueue(PageMessage.builder("Index").messageId("page-1").userId("user-1")
        .properties(Map.of("path", "/docs", "category", "Docs")));
    analytics.enqueue(ScreenMessage.builder("Home").messageId("screen-1").userId("user-1")
        .properties(Map.of("tab", "start", "category", "App")));
    analytics.enqueue(GroupMessage.builder("org-7").userId("user-1").traits(Map.of("name", "Acme")));
    analytics.enqueue(AliasMessage.builder("anon-1").userId("user-1"));
    for (int number = 0; number < tracks; number++) {
      analytics.enqueue(TrackMessage.builder("Counted").messageId("counted-" + number).userId("user-2")
          .properties(Map.of("number", number)));
      Thread.sleep(100);
    }
    for (int second = 0; waiting.get() > 0 && second < 60; second++) {
      analytics.flush();
      Thread.sleep(1000);
    }
    analytics.shutdown();
    System.exit(waiting.get() == 0 ? 0 : 1);
  }
}
