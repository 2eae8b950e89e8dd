#include "memory_image.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "smmuvp/base/error.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::tables {

namespace {

using Json = nlohmann::ordered_json;

// ELF-64, little-endian (System V ABI, chapters 4 and 5): offsets of fields, and values.
constexpr std::size_t header_bytes = 64;
constexpr std::size_t segment_bytes = 56;
constexpr std::string_view ident(
    "\x7f"
    "ELF\x02\x01\x01",
    7);
constexpr std::uint16_t ET_CORE = 4;
constexpr std::uint16_t EM_AARCH64 = 183;
constexpr std::uint32_t PT_LOAD = 1;
constexpr std::uint32_t PT_NOTE = 4;
constexpr std::uint64_t page = 4096;
/// Notes of others hold the registers of every processor; one of ours is some kilobytes long.
constexpr std::uint64_t most_note_bytes = std::uint64_t{16} << 20;

void put(std::string& to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) to.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t get(std::string_view from, std::size_t at, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(from[at + i]);
  return value;
}

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

void put_segment(std::string& to, std::uint32_t type, std::uint64_t offset, std::uint64_t base,
                 std::uint64_t bytes, std::uint64_t alignment) {
  put(to, type, 4);
  put(to, 6, 4);  // PF_R, PF_W
  put(to, offset, 8);
  put(to, base, 8);
  put(to, base, 8);
  put(to, bytes, 8);
  put(to, bytes, 8);
  put(to, alignment, 8);
}

/// Reads whole parts of a file, or says what is wrong.
class Reader {
 public:
  explicit Reader(const std::string& path) : m_name(printable(path)), m_file(path, std::ios::binary) {
    if (!m_file) refuse("it cannot be read");
    m_file.seekg(0, std::ios::end);
    m_size = static_cast<std::uint64_t>(m_file.tellg());
  }
  std::uint64_t size() const { return m_size; }
  std::string bytes(std::uint64_t offset, std::uint64_t count, const char* what) {
    if (offset > m_size || count > m_size - offset) refuse(fmt::format("it ends before its {} does", what));
    std::string data(count, '\0');
    m_file.seekg(static_cast<std::streamoff>(offset));
    m_file.read(data.data(), static_cast<std::streamsize>(count));
    if (!m_file) refuse("it cannot be read");
    return data;
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw ConfigError("dump", fmt::format("{} is no memory image: {}", m_name, why));
  }

 private:
  std::string m_name;
  std::ifstream m_file;
  std::uint64_t m_size = 0;
};

/// Our note among all of a segment; empty: there is none.
std::string find_note(const Reader& reader, std::string_view notes) {
  constexpr std::size_t head = 12;
  for (std::size_t at = 0; at + head <= notes.size();) {
    const std::uint64_t owner_bytes = get(notes, at, 4);
    const std::uint64_t bytes = get(notes, at + 4, 4);
    const std::uint64_t type = get(notes, at + 8, 4);
    const std::uint64_t owner_at = at + head;
    const std::uint64_t data_at = owner_at + rounded_up(owner_bytes, 4);
    if (data_at > notes.size() || bytes > notes.size() - data_at) reader.refuse("a note has no end");
    const std::string_view owner = notes.substr(owner_at, owner_bytes);
    if (type == image_note_type && owner.substr(0, owner.find('\0')) == image_note_owner) {
      return std::string(notes.substr(data_at, bytes));
    }
    at = data_at + rounded_up(bytes, 4);
  }
  return {};
}

}  // namespace

std::string note_text(const std::vector<SavedSmmu>& smmus) {
  Json list = Json::array();
  for (const SavedSmmu& smmu : smmus) {
    Json parameters = Json::object();
    for (const auto& [name, value] : smmu.parameters) parameters[name] = value;
    Json registers = Json::object();
    for (const auto& [name, value] : smmu.registers) registers[name] = fmt::format("{:#x}", value);
    list.push_back({{"name", smmu.name},
                    {"type", smmu.type},
                    {"parameters", std::move(parameters)},
                    {"registers", std::move(registers)}});
  }
  return Json({{"smmus", std::move(list)}}).dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::vector<SavedSmmu> smmus_of_note(const std::string& text) {
  const auto wrong = [] {
    return ConfigError("dump", "the image's note of SMMUs is damaged: make the image again");
  };
  std::vector<SavedSmmu> smmus;
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("smmus") || !document["smmus"].is_array()) throw wrong();
  for (const Json& entry : document["smmus"]) {
    if (!entry.is_object()) throw wrong();
    SavedSmmu smmu;
    for (const auto& [key, text_of] : {std::pair("name", &smmu.name), {"type", &smmu.type}}) {
      if (!entry.contains(key) || !entry[key].is_string()) throw wrong();
      *text_of = entry[key].get<std::string>();
    }
    for (const char* key : {"parameters", "registers"}) {
      if (!entry.contains(key) || !entry[key].is_object()) throw wrong();
    }
    for (const auto& [name, value] : entry["parameters"].items()) {
      if (!value.is_string()) throw wrong();
      smmu.parameters.emplace_back(name, value.get<std::string>());
    }
    for (const auto& [name, value] : entry["registers"].items()) {
      std::uint64_t number = 0;
      if (!value.is_string() || !parse_uint(value.get<std::string>(), number)) throw wrong();
      smmu.registers.emplace_back(name, number);
    }
    smmus.push_back(std::move(smmu));
  }
  return smmus;
}

std::string image_head(std::vector<MemoryImage::Range>& ranges, const std::string& note) {
  std::string notes;
  const std::string owner(image_note_owner);
  put(notes, owner.size() + 1, 4);
  put(notes, note.size(), 4);
  put(notes, image_note_type, 4);
  notes += owner;
  notes.resize(12 + rounded_up(owner.size() + 1, 4), '\0');
  notes += note;
  notes.resize(rounded_up(notes.size(), 4), '\0');

  const std::size_t segments = 1 + ranges.size();
  const std::uint64_t notes_at = header_bytes + segment_bytes * segments;
  std::uint64_t offset = rounded_up(notes_at + notes.size(), page);
  const std::uint64_t first = offset;
  for (MemoryImage::Range& range : ranges) {
    range.offset = offset;
    offset += rounded_up(range.bytes, page);
  }
  std::string head(ident);
  head.resize(16, '\0');
  put(head, ET_CORE, 2);
  put(head, EM_AARCH64, 2);
  put(head, 1, 4);             // EV_CURRENT
  put(head, 0, 8);             // e_entry
  put(head, header_bytes, 8);  // e_phoff
  put(head, 0, 8);             // e_shoff
  put(head, 0, 4);             // e_flags
  put(head, header_bytes, 2);
  put(head, segment_bytes, 2);
  put(head, segments, 2);
  put(head, 0, 6);  // no sections
  put_segment(head, PT_NOTE, notes_at, 0, notes.size(), 4);
  for (const MemoryImage::Range& range : ranges) {
    put_segment(head, PT_LOAD, range.offset, range.base, range.bytes, page);
  }
  head += notes;
  head.resize(first, '\0');
  return head;
}

bool is_image(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string start(4, '\0');
  return file.read(start.data(), 4) && start ==
                                           "\x7f"
                                           "ELF";
}

MemoryImage read_image(const std::string& path) {
  Reader reader(path);
  const std::string header = reader.bytes(0, header_bytes, "header");
  if (std::string_view(header).substr(0, ident.size()) != ident) {
    reader.refuse("it is no little-endian ELF file of 64 bits");
  }
  if (get(header, 16, 2) != ET_CORE) reader.refuse("it is an ELF file, but no core file");
  const std::uint64_t table = get(header, 32, 8);
  const std::uint64_t count = get(header, 56, 2);
  if (get(header, 54, 2) != segment_bytes || count == 0xffff) {
    reader.refuse("its table of segments has another form");
  }
  const std::string segments = reader.bytes(table, count * segment_bytes, "table of segments");
  MemoryImage image;
  for (std::size_t at = 0; at < segments.size(); at += segment_bytes) {
    const std::uint64_t offset = get(segments, at + 8, 8);
    const std::uint64_t base = get(segments, at + 24, 8);
    const std::uint64_t bytes = get(segments, at + 32, 8);
    const std::uint64_t type = get(segments, at, 4);
    if (type == PT_LOAD && bytes != 0) {
      if (offset > reader.size() || bytes > reader.size() - offset)
        reader.refuse("it ends before its memory does");
      image.ranges.push_back({base, bytes, offset});
    } else if (type == PT_NOTE) {
      if (bytes > most_note_bytes) continue;
      const std::string note = find_note(reader, reader.bytes(offset, bytes, "notes"));
      if (!note.empty()) image.smmus = smmus_of_note(note);
    }
  }
  if (image.ranges.empty()) reader.refuse("it holds no memory");
  return image;
}

}  // namespace smmuvp::tables
