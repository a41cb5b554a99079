#include "engine/formats/registry.hpp"

#include <algorithm>
#include <vector>

#include "engine/files/safetensors_header.hpp"
#include "engine/formats/text_probe.hpp"
#include "engine/native/format.hpp"
#include "engine/support/error.hpp"

namespace rowan {
namespace detail {
namespace {

bool probe_native(std::string_view start) {
  return starts_as_safetensors(start) && has_metadata(start, native::format_key);
}

/// In the order in which a file is held against them: magic numbers, then the length and brace of the container, of
/// which other formats' numbers can have the look, then a pickle's two bytes, which are a length of 640 too, then
/// lines.
constexpr std::array<const Format*, source_format_count> formats = {
    &npy_format,    &zip_format,         &gguf_format,    &fasttext_format,      &finalfusion_format,
    &native_format, &safetensors_format, &pytorch_format, &word2vec_text_format, &word2vec_binary_format,
    &glove_format,
};
static_assert(formats.back() != nullptr, "every format of the enumeration has its line");

/// Whether there is a sentence to say about its lines.
bool mostly_text(std::string_view start) {
  const std::string_view head = start.substr(0, 4096);
  return 8 * strange_bytes(head) < head.size();
}

constexpr std::string_view gzip_magic = "\x1F\x8B";

/// Names of families, each once, in the order of the enumeration.
std::vector<std::string_view> families(bool streamed) {
  std::vector<std::string_view> names;
  for (int id = 0; id < source_format_count; ++id) {
    const Format& format = format_of(static_cast<SourceFormat>(id));
    if (format.family.empty() || format.streaming.has_value() != streamed) continue;
    if (std::find(names.begin(), names.end(), format.family) == names.end()) names.push_back(format.family);
  }
  return names;
}

/// "a, b and c", where the last two are joined by " and ".
std::string listed(const std::vector<std::string_view>& names, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) text += i + 1 == names.size() ? last : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace

constinit const Format native_format = {.id = SourceFormat::native,
                                        .spelling = "native",
                                        .noun = "a native Rowan file",
                                        .family = "",
                                        .probe = probe_native};

const Format& format_of(SourceFormat id) noexcept {
  return **std::find_if(formats.begin(), formats.end(), [id](const Format* format) { return format->id == id; });
}

const Format* find_mapped_format(std::string_view start) {
  for (const Format* const format : formats) {
    if (!format->streaming && format->probe(start)) return format;
  }
  return nullptr;
}

Recognised recognise(std::string_view start, const TextRequest& asked, bool complete) {
  using Content = Recognised::Content;
  if (start.empty()) return {Content::empty, nullptr, "empty"};
  if (start.starts_with(gzip_magic)) return {Content::gzip, nullptr, "gzip-compressed"};
  if (const Format* const format = find_mapped_format(start)) return {Content::of_format, format, format->noun};
  if (const NotRead* const other = find_not_read(start)) return {Content::not_read, nullptr, other->noun, other};
  Recognised found{Content::unknown, nullptr, "of no format that Rowan knows"};
  found.text = look_at_text(without_byte_order_mark(start), complete, asked);
  if (found.text.kind == TextLook::Kind::no_table) {
    if (!mostly_text(start)) found.text.why.clear();
    for (const Format* const format : formats) {
      if (format->probe != nullptr && format->streaming && format->probe(start)) {
        return {Content::of_format, format, format->noun};
      }
    }
    if (const NotRead* const other = find_document(start)) return {Content::not_read, nullptr, other->noun, other};
    return found;
  }
  found.format = found.text.counts ? &word2vec_text_format : &glove_format;
  found.noun = found.format->noun;
  found.content = Content::of_format;
  if (found.text.kind == TextLook::Kind::one_number && !found.text.counts) {
    found.content = Content::one_number;
    found.noun = "text with a token and one number in a line";
  }
  return found;
}

std::string_view without_byte_order_mark(std::string_view text) noexcept {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

std::string formats_in_words() {
  return concat("native files, ", listed(families(false), " and "), " files, and converts ",
                listed(families(true), " and "), " ones");
}

std::string streamed_families_in_words() { return listed(families(true), " or "); }

std::string streamed_formats_in_words() {
  std::vector<std::string_view> names;
  for (int id = 0; id < source_format_count; ++id) {
    const Format& format = format_of(static_cast<SourceFormat>(id));
    if (!format.streaming) continue;
    std::string_view name = format.noun;  // some with an article
    if (name.starts_with("a ")) name.remove_prefix(2);
    if (name.ends_with(" file")) name.remove_suffix(5);
    names.push_back(name);
  }
  return listed(names, " and ");
}

}  // namespace detail

std::string_view to_string(SourceFormat format) noexcept {
  return static_cast<int>(format) < source_format_count ? detail::format_of(format).spelling : "unknown";
}

std::optional<SourceFormat> parse_source_format(std::string_view text) noexcept {
  for (const detail::Format* const format : detail::formats) {
    if (format->spelling == text) return format->id;
  }
  return std::nullopt;
}

}  // namespace rowan
