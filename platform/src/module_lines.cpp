#include "module_lines.h"

#include <charconv>
#include <initializer_list>

namespace smmuvp::platform {

namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_end(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix) return false;
  text.remove_suffix(suffix.size());
  return true;
}

bool take_number(std::string_view& text, std::uint64_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return true;
}

}  // namespace

ModuleTotal total_of(const std::vector<ModuleFile>& files, bool loaded) {
  ModuleTotal total;
  for (const ModuleFile& file : files) {
    if (file.loaded != loaded) continue;
    ++total.count;
    total.bytes += file.bytes;
  }
  return total;
}

// "NAME, N bytes, loaded", "NAME, N bytes, not loaded"
bool ModuleLines::entry(std::string_view text) {
  ModuleFile file;
  if (!take_end(text, " bytes, not loaded")) {
    if (!take_end(text, " bytes, loaded")) return false;
    file.loaded = true;
  }
  const std::size_t comma = text.rfind(", ");
  if (comma == std::string_view::npos || comma == 0 || comma > most_name_bytes) return false;
  std::string_view number = text.substr(comma + 2);
  if (!take_number(number, file.bytes) || !number.empty() || file.bytes > most_module_bytes) return false;
  file.name = text.substr(0, comma);
  // What is beyond is missed in the total, so that the list does not count.
  if (m_coming.size() <= most_files) m_coming.push_back(std::move(file));
  return true;
}

// "N of M loaded with B bytes, K not loaded with C bytes"
void ModuleLines::end(std::string_view text) {
  ModuleTotal loaded;
  ModuleTotal others;
  std::uint64_t all = 0;
  if (!take_number(text, loaded.count) || !take(text, " of ") || !take_number(text, all) ||
      !take(text, " loaded with ") || !take_number(text, loaded.bytes) || !take(text, " bytes, ") ||
      !take_number(text, others.count) || !take(text, " not loaded with ") ||
      !take_number(text, others.bytes) || text != " bytes")
    return;
  if (m_coming.size() <= most_files && all == m_coming.size() && total_of(m_coming, true) == loaded &&
      total_of(m_coming, false) == others)
    m_files = m_coming;
  m_coming.clear();
}

void ModuleLines::put(const ConsolePiece& piece) {
  std::string_view text = piece.text;
  if (!piece.first || !piece.last || !take(text, "modules: ")) return;
  if (!entry(text)) end(text);
}

}  // namespace smmuvp::platform
