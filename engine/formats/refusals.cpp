// Sentences about files that are not native: what they are, and the command that makes them so.
#include "engine/formats/refusals.hpp"

#include <string_view>
#include <utility>

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

/// What is in a source, which a conversion looks at in the same way.
NotMapped not_mapped(const std::string& path, ByteSource source, std::string_view inside_of) {
  const auto start = look_into(std::move(source));
  if (!start) return {start.error()};
  const std::string what = concat(start->compressed ? "gzip-compressed, " : inside_of, start->format->noun);
  return {needs_conversion_error(path, concat(what, ", which cannot be mapped in place")), what};
}

}  // namespace

Error needs_conversion_error(const std::string& path, const std::string& what) {
  // An argument that starts with a hyphen would be taken for an option.
  const std::string source = path.starts_with('-') ? "./" + path : path;
  return make_error(Code::needs_conversion, path, " is ", what, "; convert it once with: rowan convert ",
                    shell_word(source), " ", shell_word(converted_name(source)));
}

NotMapped look_at_not_mapped(const std::shared_ptr<const OpenedFile>& file) {
  auto source = ByteSource::of(file);
  if (!source) return {source.error()};
  return not_mapped(file->path(), *std::move(source), "");
}

NotMapped look_into_archive(const std::shared_ptr<const OpenedFile>& file, const Format& archive,
                            std::string_view name) {
  auto mapped = MappedFile::of(file);
  if (!mapped) return {mapped.error()};
  const auto run = archive.streamed_run(mapped->bytes(), name, file->path());
  if (!run) return {run.error()};
  if (!*run) return {make_error(Code::format_unsupported, file->path(), " is ", archive.noun, "; it has no text")};
  return not_mapped(file->path(), ByteSource::of(*std::move(mapped), **run), "a zip archive of ");
}

Error not_native_error(const std::shared_ptr<const OpenedFile>& file, const Recognised& start) {
  if (!start.maps()) return look_at_not_mapped(file).error;
  if (!start.format->often_others) {
    return needs_conversion_error(file->path(), concat(start.noun, ", and a Rowan file is needed here"));
  }
  return make_error(Code::format_unsupported, file->path(), " is ", start.noun, "; this Rowan reads ",
                    formats_in_words());
}

}  // namespace rowan::detail
