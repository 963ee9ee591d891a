# frozen_string_literal: true

# Tests the library with the vectors that all libraries share: `ruby test_vectors.rb`.

require "json"
require_relative "pixmill_url"

VECTORS = JSON.parse(File.read(File.join(__dir__, "../vectors.json"), encoding: "UTF-8"))

def check(name, expected)
  found = begin
    yield
  rescue PixmillUrl::Error => e
    e.message
  end
  return 1 if found == expected

  abort "#{name}:\n  expected #{expected}\n  got      #{found}"
end

def sizes(one)
  { widths: one["widths"], densities: one["densities"] }
end

done = 0
VECTORS["build"].each do |one|
  done += check(one["name"], one["url"]) { PixmillUrl.build(one["base"], one["path"], one["params"]) }
end
VECTORS["sign"].each do |one|
  options = { upload: one["upload"], strip_prefix: one["strip_prefix"] }
  done += check(one["name"], one["text"]) { PixmillUrl.signed_text(one["url"], **options) }
  done += check(one["name"], one["signed"]) { PixmillUrl.sign(one["url"], one["key"], **options) }
end
VECTORS["srcset"].each do |one|
  arguments = one.values_at("base", "path", "params")
  done += check(one["name"], one["srcset"]) { PixmillUrl.srcset(*arguments, **sizes(one)) }
  done += check(one["name"], one["signed"]) { PixmillUrl.srcset(*arguments, **sizes(one), key: one["key"]) }
end
VECTORS["refused"].each do |one|
  done += check(one.to_s, one["error"]) do
    case one["call"]
    when "build" then PixmillUrl.build(one["base"], one["path"], one["params"])
    when "sign" then PixmillUrl.sign(one["url"], one["key"], strip_prefix: one["strip_prefix"].to_s)
    else PixmillUrl.srcset(one["base"], one["path"], one["params"], **sizes(one))
    end
  end
end
done += check("symbols", "/a.jpg?crop=fit&width=3") { PixmillUrl.build("", "a.jpg", width: 3, crop: :fit) }
abort "only #{done} checks" if done < 80
puts "#{done} checks passed"
