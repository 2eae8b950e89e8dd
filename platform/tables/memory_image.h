// Memory images: what "run --dump-memory" writes, and ELF core files of others that hold physical memory.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace smmuvp::tables {

/// Of the note in which an image says what the platform had: its owner and type, as ELF has them.
constexpr const char* image_note_owner = "smmu-vp";
constexpr std::uint32_t image_note_type = 1;

/// An SMMU as it was when the image was made.
struct SavedSmmu {
  std::string name;
  std::string type;                                              ///< "smmuv3"
  std::vector<std::pair<std::string, std::string>> parameters;   ///< those that were given
  std::vector<std::pair<std::string, std::uint64_t>> registers;  ///< by the specification's names
};

struct MemoryImage {
  /// So many bytes of physical memory from `base` on are in the file from `offset` on.
  struct Range {
    std::uint64_t base = 0;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;
  };
  std::vector<Range> ranges;
  std::vector<SavedSmmu> smmus;  ///< none in an image of another program
};

/// What an image's note says, as text, and back. @throws ConfigError for what is no such text
std::string note_text(const std::vector<SavedSmmu>& smmus);
std::vector<SavedSmmu> smmus_of_note(const std::string& text);

/// The bytes of an image before its memory: `ranges` have base and bytes, and get their offsets.
std::string image_head(std::vector<MemoryImage::Range>& ranges, const std::string& note);

/// Whether a file begins as an ELF file does. False where it cannot be read.
bool is_image(const std::string& path);
/// @throws ConfigError that says what is wrong with the file
MemoryImage read_image(const std::string& path);

}  // namespace smmuvp::tables
