#include "smmuvp/base/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

// One item: kind, length of its name, name, then 8 bytes little-endian for a number, or a 64-bit length
// and the bytes for a blob.
namespace smmuvp {

std::string to_text(const ArchiveError& error) {
  std::string text = error.where + ": " + error.what;
  if (!error.expected.empty()) text += ", expected " + error.expected;
  return text;
}

void Archive::fail(std::string_view name, std::string_view what, std::string_view expected) {
  if (m_failure) return;
  std::string where;
  for (const std::string& group : m_path) where += group + "/";
  m_failure = ArchiveError{where + std::string(name), std::string(what), std::string(expected)};
}

void Archive::text(std::string_view name, std::string& s) {
  std::vector<std::uint8_t> data(s.begin(), s.end());
  blob(name, data);
  s.assign(data.begin(), data.end());
}

namespace {

void put_u64(std::vector<std::uint8_t>& out, std::uint64_t v) {
  for (unsigned i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}

}  // namespace

void ArchiveWriter::tag(std::string_view name, char kind) {
  m_data.push_back(static_cast<std::uint8_t>(kind));
  m_data.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(name.size(), 255)));
  m_data.insert(m_data.end(), name.begin(),
                name.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(name.size(), 255)));
}

void ArchiveWriter::number(std::string_view name, std::uint64_t& v) {
  tag(name, 'N');
  put_u64(m_data, v);
}

void ArchiveWriter::blob(std::string_view name, std::vector<std::uint8_t>& data) {
  tag(name, 'D');
  put_u64(m_data, data.size());
  m_data.insert(m_data.end(), data.begin(), data.end());
}

namespace {

std::string item(char kind, std::string_view name) {
  const char* what = kind == 'B'   ? "group"
                     : kind == 'E' ? "end of group"
                     : kind == 'N' ? "number"
                     : kind == 'D' ? "data"
                                   : "unknown item";
  return fmt::format("{} '{}'", what, name);
}

}  // namespace

bool ArchiveReader::take(void* to, std::size_t n) {
  if (n > m_data.size() - m_position) return false;
  if (n != 0) std::memcpy(to, m_data.data() + m_position, n);
  m_position += n;
  return true;
}

bool ArchiveReader::header(std::string_view name, char kind) {
  if (!ok()) return false;
  std::uint8_t head[2];
  if (!take(head, 2)) {
    fail(name, "the data ends before it");
    return false;
  }
  std::string found(head[1], '\0');
  if (!take(found.data(), found.size())) {
    fail(name, "the data ends within its name");
    return false;
  }
  if (head[0] != static_cast<std::uint8_t>(kind) || found != name.substr(0, 255)) {
    fail(name, fmt::format("found {}", item(static_cast<char>(head[0]), found)), item(kind, name));
    return false;
  }
  return true;
}

void ArchiveReader::tag(std::string_view name, char kind) { header(name, kind); }

void ArchiveReader::number(std::string_view name, std::uint64_t& v) {
  if (!header(name, 'N')) return;
  std::uint8_t raw[8];
  if (!take(raw, 8)) {
    fail(name, "the data ends within it");
    return;
  }
  v = 0;
  for (unsigned i = 0; i < 8; ++i) v |= static_cast<std::uint64_t>(raw[i]) << (8 * i);
}

void ArchiveReader::blob(std::string_view name, std::vector<std::uint8_t>& data) {
  if (!header(name, 'D')) return;
  std::uint8_t raw[8];
  std::uint64_t n = 0;
  if (take(raw, 8)) {
    for (unsigned i = 0; i < 8; ++i) n |= static_cast<std::uint64_t>(raw[i]) << (8 * i);
    if (n <= m_data.size() - m_position) {
      data.resize(static_cast<std::size_t>(n));
      take(data.data(), data.size());
      return;
    }
  }
  fail(name, "the data ends within it");
}

}  // namespace smmuvp
