#include "smmuvp/base/saved_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <istream>
#include <ostream>
#include <utility>
#include <vector>

#include "smmuvp/base/version.h"

// A header of magic, length and checksum, the numbers little-endian with 64 bits, then an archive.
namespace smmuvp {

namespace {

constexpr std::string_view magic = "SMMUVPS1";
constexpr std::size_t header_bytes = 24;
constexpr std::uint64_t most_params = 10000;

using Header = std::array<char, header_bytes>;

void put(Header& header, std::size_t at, std::uint64_t v) {
  for (std::size_t i = 0; i < 8; ++i) header[at + i] = static_cast<char>(v >> (8 * i) & 0xff);
}

std::uint64_t get(const Header& header, std::size_t at) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < 8; ++i)
    v |= std::uint64_t{static_cast<std::uint8_t>(header[at + i])} << (8 * i);
  return v;
}

// FNV-1a, 64 bits: finds damage, not malice.
std::uint64_t checksum(const std::vector<std::uint8_t>& data) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::uint8_t byte : data) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

struct Setting {
  std::string name;
  std::string value;
};

std::vector<Setting> settings_of(const Params& params) {
  std::vector<Setting> all;
  for (const ParamInfo& info : params.infos()) {
    if (info.type != ParamType::Path) all.push_back({info.name, params.value_text(info.name)});
  }
  return all;
}

struct Identity {
  std::string version;
  std::string type;
  std::vector<Setting> settings;

  void visit(Archive& archive) {
    archive.begin("identity");
    archive.text("version", version);
    archive.text("type", type);
    archive.list("parameters", settings, most_params, [&archive](Setting& s) {
      archive.text("name", s.name);
      archive.text("value", s.value);
    });
    archive.end();
  }
};

const std::string* value_of(const std::vector<Setting>& settings, const std::string& name) {
  const auto at =
      std::find_if(settings.begin(), settings.end(), [&](const Setting& s) { return s.name == name; });
  return at == settings.end() ? nullptr : &at->value;
}

std::optional<ArchiveError> difference(const Identity& saved, const Identity& own, const std::string& where) {
  if (saved.version != own.version) {
    return ArchiveError{where, fmt::format("saved by smmu-vp {}", saved.version), own.version};
  }
  if (saved.type != own.type) {
    return ArchiveError{where, fmt::format("the state of a component of type '{}'", saved.type), own.type};
  }
  const auto parameter = [&](const std::string& name) {
    return fmt::format("{}, parameter '{}'", where, name);
  };
  for (const Setting& s : own.settings) {
    const std::string* value = value_of(saved.settings, s.name);
    if (value == nullptr) return ArchiveError{parameter(s.name), "not saved", s.value};
    if (*value != s.value)
      return ArchiveError{parameter(s.name), fmt::format("saved with {}", *value), s.value};
  }
  for (const Setting& s : saved.settings) {
    if (value_of(own.settings, s.name) == nullptr) {
      return ArchiveError{parameter(s.name), fmt::format("saved with {}", s.value), "no such parameter"};
    }
  }
  return {};
}

ArchiveError located(const StateOwner& owner, const Archive& archive) {
  ArchiveError error = *archive.failure();
  error.where = owner.where + ", " + error.where;
  return error;
}

// The length is not trusted: memory grows with what is there.
bool read(std::istream& in, std::uint64_t bytes, std::vector<std::uint8_t>& data) {
  constexpr std::uint64_t chunk = 1 << 20;
  while (data.size() < bytes) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, bytes - data.size()));
    const std::size_t before = data.size();
    data.resize(before + n);
    in.read(reinterpret_cast<char*>(data.data() + before), static_cast<std::streamsize>(n));
    if (static_cast<std::size_t>(in.gcount()) != n) {
      data.resize(before + static_cast<std::size_t>(in.gcount()));
      return false;
    }
  }
  return true;
}

std::optional<ArchiveError> load_checked(std::istream& in, const StateOwner& owner, std::uint64_t now_ps,
                                         const VisitState& visit) {
  Header header{};
  in.read(header.data(), header.size());
  const auto got = static_cast<std::size_t>(in.gcount());
  const std::size_t known = std::min(got, magic.size());
  if (std::string_view(header.data(), known) != magic.substr(0, known)) {
    return ArchiveError{owner.where, "no saved state of smmu-vp", "one at this place of the stream"};
  }
  const auto truncated = [&owner](std::uint64_t have, std::uint64_t need) {
    return ArchiveError{owner.where, fmt::format("the data ends after {} bytes", have),
                        fmt::format("{} bytes", need)};
  };
  if (got != header.size()) return truncated(got, header.size());
  const std::uint64_t length = get(header, 8);
  std::vector<std::uint8_t> data;
  if (!read(in, length, data)) return truncated(data.size(), length);
  if (checksum(data) != get(header, 16)) {
    return ArchiveError{owner.where, "the data is damaged", "the checksum that it was saved with"};
  }

  ArchiveReader archive(std::move(data));
  archive.set_now(now_ps);
  Identity saved;
  saved.visit(archive);
  if (!archive.ok()) return located(owner, archive);
  const Identity own{SMMUVP_VERSION_TEXT, owner.type, settings_of(owner.params)};
  if (auto error = difference(saved, own, owner.where)) return error;
  visit(archive);
  if (!archive.ok()) return located(owner, archive);
  if (!archive.complete()) return ArchiveError{owner.where, "more data than the component has", "its end"};
  return {};
}

}  // namespace

std::optional<ArchiveError> save_state(std::ostream& out, const StateOwner& owner, std::uint64_t now_ps,
                                       const VisitState& visit) {
  // A stream may throw on failure, if its owner wants that, and memory may be short.
  try {
    ArchiveWriter archive;
    archive.set_now(now_ps);
    Identity{SMMUVP_VERSION_TEXT, owner.type, settings_of(owner.params)}.visit(archive);
    visit(archive);
    if (!archive.ok()) return located(owner, archive);
    Header header{};
    std::copy(magic.begin(), magic.end(), header.begin());
    put(header, 8, archive.data().size());
    put(header, 16, checksum(archive.data()));
    out.write(header.data(), header.size());
    out.write(reinterpret_cast<const char*>(archive.data().data()),
              static_cast<std::streamsize>(archive.data().size()));
    out.flush();
    if (out) return {};
    return ArchiveError{owner.where, "the stream cannot be written", "one that takes all data"};
  } catch (const std::exception& e) {
    return ArchiveError{owner.where, fmt::format("saving failed: {}", e.what()), {}};
  }
}

std::optional<ArchiveError> load_state(std::istream& in, const StateOwner& owner, std::uint64_t now_ps,
                                       const VisitState& visit) {
  try {
    return load_checked(in, owner, now_ps, visit);
  } catch (const std::exception& e) {
    return ArchiveError{owner.where, fmt::format("loading failed: {}", e.what()), {}};
  }
}

}  // namespace smmuvp
