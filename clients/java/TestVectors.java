import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Tests the library with the vectors that all libraries share: {@code javac -d DIR *.java && java -cp DIR TestVectors vectors.json}. */
public final class TestVectors {
    private static int done = 0;

    public static void main(String[] arguments) throws IOException {
        Map<?, ?> vectors = (Map<?, ?>) new Json(Files.readString(Path.of(arguments[0]))).value();
        for (Map<String, Object> one : cases(vectors, "build")) {
            check(one, "url", () -> PixmillUrl.build(text(one, "base"), text(one, "path"), params(one)));
        }
        for (Map<String, Object> one : cases(vectors, "sign")) {
            boolean upload = (Boolean) one.get("upload");
            check(one, "text", () -> PixmillUrl.signedText(text(one, "url"), upload, text(one, "strip_prefix")));
            check(one, "signed", () -> PixmillUrl.sign(text(one, "url"), text(one, "key"), upload, text(one, "strip_prefix")));
        }
        for (Map<String, Object> one : cases(vectors, "srcset")) {
            check(one, "srcset", () -> srcset(one, null));
            check(one, "signed", () -> srcset(one, text(one, "key")));
        }
        for (Map<String, Object> one : cases(vectors, "refused")) {
            check(one, "error", () -> switch (text(one, "call")) {
                case "build" -> PixmillUrl.build(text(one, "base"), text(one, "path"), params(one));
                case "sign" -> PixmillUrl.sign(text(one, "url"), text(one, "key"), false, text(one, "strip_prefix"));
                default -> srcset(one, null);
            });
        }
        for (double width : new double[] {Double.NaN, Double.POSITIVE_INFINITY, 1e300}) {
            String error = "width: expected a whole number from 1 to 65535, got " + width;
            check(Map.of("error", error), "error", () -> PixmillUrl.build("", "a.jpg", Map.of("width", width)));
        }
        System.out.println(done + " checks passed");
    }

    private static void check(Map<String, Object> one, String field, Supplier<String> call) {
        String found;
        try {
            found = call.get();
        } catch (PixmillUrl.PixmillException error) {
            found = error.getMessage();
        }
        if (!found.equals(one.get(field))) {
            throw new AssertionError(one.get("name") + ":\n  expected " + one.get(field) + "\n  got      " + found);
        }
        done++;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> cases(Map<?, ?> vectors, String kind) {
        List<Map<String, Object>> found = (List<Map<String, Object>>) vectors.get(kind);
        if (found.size() < 5) {
            throw new AssertionError("only " + found.size() + " vectors of " + kind);
        }
        return found;
    }

    private static String text(Map<String, Object> one, String field) {
        return (String) one.getOrDefault(field, "");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> params(Map<String, Object> one) {
        return (Map<String, Object>) one.get("params");
    }

    @SuppressWarnings("unchecked")
    private static String srcset(Map<String, Object> one, String key) {
        List<Number> widths = (List<Number>) one.get("widths");
        List<Number> densities = (List<Number>) one.get("densities");
        return PixmillUrl.srcset(text(one, "base"), text(one, "path"), params(one), widths, densities, key, "");
    }

    /** A reader of valid JSON, which the standard library does not have. */
    private static final class Json {
        private final String text;
        private int at = 0;

        Json(String text) {
            this.text = text;
        }

        Object value() {
            char c = next();
            if (c == '{') {
                return object();
            }
            if (c == '[') {
                return list();
            }
            if (c == '"') {
                return string();
            }
            int start = at - 1;
            while (at < text.length() && "-+.eE".indexOf(text.charAt(at)) >= 0 || Character.isLetterOrDigit(text.charAt(at))) {
                at++;
            }
            String word = text.substring(start, at);
            return switch (word) {
                case "true" -> true;
                case "false" -> false;
                case "null" -> null;
                default -> Double.valueOf(word);
            };
        }

        private char next() {
            while (Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            return text.charAt(at++);
        }

        private Map<String, Object> object() {
            Map<String, Object> found = new LinkedHashMap<>();
            for (char c = next(); c != '}'; c = next()) {
                if (c == '"') {
                    String key = string();
                    next();
                    found.put(key, value());
                }
            }
            return found;
        }

        private List<Object> list() {
            List<Object> found = new ArrayList<>();
            for (char c = next(); c != ']'; c = next()) {
                if (c != ',') {
                    at--;
                }
                found.add(value());
            }
            return found;
        }

        private String string() {
            StringBuilder found = new StringBuilder();
            for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
                if (c != '\\') {
                    found.append(c);
                    continue;
                }
                char code = text.charAt(at++);
                if (code == 'u') {
                    found.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                    at += 4;
                } else {
                    int known = "bfnrt".indexOf(code);
                    found.append(known < 0 ? code : "\b\f\n\r\t".charAt(known));
                }
            }
            return found.toString();
        }
    }
}
