// What to say about a file that is not native.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/files/opened_file.hpp"
#include "engine/formats/registry.hpp"
#include "rowan/status.hpp"

namespace rowan::detail {

/// That a file is converted once: `what` it is and why, as a noun with what belongs to it.
Error needs_conversion_error(const std::string& path, const std::string& what);

/// A file that is of no format that maps.
struct NotMapped {
  Error error;            ///< where it can be converted, with the line to run
  std::string what = {};  ///< "gzip-compressed, GloVe text"; empty where it cannot
};

/// Looks into what is compressed and at what a text promises, as a conversion does.
NotMapped look_at_not_mapped(const std::shared_ptr<const OpenedFile>& file);
/// The same of a text in an archive: the run of that name, or the only one.
NotMapped look_into_archive(const std::shared_ptr<const OpenedFile>& file, const Format& archive,
                            std::string_view name);

/// The refusal, where a native file is needed, of one that is none.
Error not_native_error(const std::shared_ptr<const OpenedFile>& file, const Recognised& start);

}  // namespace rowan::detail
