// Saved data with one value changed, by name.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"

namespace smmuvp::test {

/// Another value of one number.
struct Edit {
  std::string path;  ///< the end of its name with the groups that it is in, for example "command_queue/state"
  std::uint64_t value;
  unsigned which = 0;  ///< of several with this name: 0 is the first
};

/// Loads what was saved, but for some numbers.
class EditedReader : public ArchiveReader {
 public:
  EditedReader(std::vector<std::uint8_t> data, std::vector<Edit> edits)
      : ArchiveReader(std::move(data)), m_edits(std::move(edits)) {}
  /// Whether there were all of these numbers.
  bool edited() const { return m_edited == m_edits.size(); }

 protected:
  void tag(std::string_view name, char kind) override {
    ArchiveReader::tag(name, kind);
    if (kind == 'B') {
      m_ends.push_back(m_path.size());
      m_path.append("/").append(name);
    } else if (!m_ends.empty()) {
      m_path.resize(m_ends.back());
      m_ends.pop_back();
    }
  }
  void number(std::string_view name, std::uint64_t& v) override {
    ArchiveReader::number(name, v);
    const std::string path = m_path + "/" + std::string(name);
    for (Edit& e : m_edits) {
      const std::string end = "/" + e.path;
      if (path.size() < end.size() || path.compare(path.size() - end.size(), end.size(), end) != 0) continue;
      if (e.which-- != 0) continue;
      v = e.value;
      ++m_edited;
    }
  }

 private:
  std::vector<Edit> m_edits;  // `which`: how many of the name come before it, still
  std::size_t m_edited = 0;
  std::string m_path;
  std::vector<std::size_t> m_ends;
};

}  // namespace smmuvp::test
