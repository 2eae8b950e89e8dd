// One line of test results: KTAP 1 (Linux, Documentation/dev-tools/ktap.rst) and TAP 13 and 14
// (testanything.org).
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace smmuvp::platform {

/// What may follow a result after '#'. The names are read in any case.
enum class KtapDirective {
  None,
  Skip,     ///< was not run; ok or not ok
  Todo,     ///< is known to fail
  Xfail,    ///< is expected to fail
  Timeout,  ///< took too long: failed
  Error,    ///< could not be run to its end: failed
};

struct KtapLine {
  enum class Kind {
    Other,
    Version,     ///< "KTAP version 1", "TAP version 14"
    Plan,        ///< "1..N", after which a comment may stand; "2..N" of older TAP
    Result,      ///< "ok", "not ok"
    BailOut,     ///< "Bail out!"
    Diagnostic,  ///< "# text"
  } kind = Kind::Other;
  std::size_t indent = 0;               ///< columns before the text; a tab goes to the next multiple of 8
  bool ok = false;                      ///< Result
  std::optional<std::uint64_t> number;  ///< Result: if it has one; Plan: N; beyond 64 bits: the greatest
  std::uint64_t first = 1;              ///< Plan: what stands before ".."
  bool dash = false;                    ///< Result: " - " stands before the description
  std::string name;                     ///< Result: the description without its escapes; may be empty
  KtapDirective directive = KtapDirective::None;
  /// Result: what follows '#', a directive in capitals (SKIP itself left out). Plan: likewise. BailOut: why.
  /// Diagnostic: the text.
  std::string reason;
};

/// @param line  without printk's prefix and the line end
KtapLine read_ktap_line(std::string_view line);

/// The line behind its escape sequences, control characters, "<level>" and "[text]", and behind its last
/// carriage return: what a reader takes for its beginning.
std::string_view without_unshown(std::string_view line);

}  // namespace smmuvp::platform
