// Sentences about files that are not native: what they are, and the command that makes them so.
#include "engine/formats/refusals.hpp"

#include <string_view>

#include "engine/formats/stream.hpp"
#include "engine/support/error.hpp"
#include "engine/support/shell_word.hpp"

namespace rowan::detail {
namespace {

/// Takes the ending of a format's files off.
void remove_ending(std::string& path) {
  for (int id = 0; id < source_format_count; ++id) {
    for (const std::string_view ending : format_of(static_cast<SourceFormat>(id)).endings) {
      if (ending.empty() || !path.ends_with(ending)) continue;
      path.resize(path.size() - ending.size());
      return;
    }
  }
}

/// The path with the endings of pretrained tables taken off and .safetensors put on.
std::string converted_name(std::string path) {
  if (path.ends_with(".gz")) path.resize(path.size() - 3);
  if (path.ends_with(".zip")) path.resize(path.size() - 4);
  remove_ending(path);
  constexpr std::string_view own = ".safetensors";
  if (!path.ends_with(own)) return path.append(own);
  path.resize(path.size() - own.size());
  return path + ".rowan.safetensors";
}

}  // namespace

Error needs_conversion_error(const std::string& path, const std::string& what) {
  // An argument that starts with a hyphen would be taken for an option.
  const std::string source = path.starts_with('-') ? "./" + path : path;
  return make_error(Code::needs_conversion, path, " is ", what, "; convert it once with: rowan convert ",
                    shell_word(source), " ", shell_word(converted_name(source)));
}

Error not_mapped_error(const std::shared_ptr<const OpenedFile>& file) {
  auto source = ByteSource::of(file);
  if (!source) return source.error();
  const auto start = look_into(*std::move(source));
  if (!start) return start.error();
  return needs_conversion_error(file->path(), concat(start->compressed ? "gzip-compressed, " : "", start->format->noun,
                                                     ", which cannot be mapped in place"));
}

Error not_mapped_error(const std::shared_ptr<const OpenedFile>& file, const Format& archive, std::string_view name) {
  auto mapped = MappedFile::of(file);
  if (!mapped) return mapped.error();
  const auto run = archive.streamed_run(mapped->bytes(), name, file->path());
  if (!run) return run.error();
  if (!*run) return make_error(Code::format_unsupported, file->path(), " is ", archive.noun, "; it has no text");
  const auto start = look_into(ByteSource::of(*std::move(mapped), **run));
  if (!start) return start.error();
  return needs_conversion_error(file->path(),
                                concat("a zip archive of ", start->format->noun, ", which cannot be mapped in place"));
}

Error not_native_error(const std::shared_ptr<const OpenedFile>& file, const Recognised& start) {
  if (!start.maps()) return not_mapped_error(file);
  if (!start.format->often_others) {
    return needs_conversion_error(file->path(), concat(start.noun, ", and a Rowan file is needed here"));
  }
  return make_error(Code::format_unsupported, file->path(), " is ", start.noun, "; this Rowan reads ",
                    formats_in_words());
}

}  // namespace rowan::detail
