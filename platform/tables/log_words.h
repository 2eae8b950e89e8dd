// Words of structures in what drivers, monitors and debuggers print, with anything else in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/smmuv3/explain.h"

namespace smmuvp::tables {

struct LoggedWords {
  std::vector<std::uint64_t> words;  ///< of whole structures, one after the other
  std::vector<std::size_t> lines;    ///< where each structure begins, from 1 on
  std::vector<std::string> notes;    ///< about structures that are not whole
};

/// Looks for words of structures of a kind:
/// - Linux's arm-smmu-v3 prints "event 0x10 received:", and then a line for each word. Lines of other devices
///   and of other drivers may stand between; a heading begins anew. Commands come behind "skipping command in
///   error state:".
/// - The monitor of QEMU (xp /4gx) and GDB (x/4gx) print "ADDRESS: WORD WORD".
/// - Lines of words alone.
/// Words in text have "0x" and 16 digits: a number of fewer digits is something else.
/// @return none: no line has a word that stands behind text, so that this is no log but a list of words
std::optional<LoggedWords> words_of_log(const std::string& text, smmuv3::StructureKind kind);

}  // namespace smmuvp::tables
