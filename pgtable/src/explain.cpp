// Names, levels and words that all formats share.
#include "smmuvp/pgtable/explain.h"

#include <algorithm>
#include <array>

#include "explain_fields.h"

namespace smmuvp::pgtable {

namespace detail {

std::string hex(std::uint64_t value) {
  std::string text;
  do {
    text.insert(text.begin(), "0123456789abcdef"[value & 0xf]);
    value >>= 4;
  } while (value != 0);
  return "0x" + text;
}

std::string binary(std::uint64_t value, unsigned count) {
  std::string text = "0b";
  for (unsigned i = count; i-- > 0;) text += ((value >> i) & 1) != 0 ? '1' : '0';
  return text;
}

void set_title(Explanation& e, int level) {
  switch (e.kind) {
    case DescriptorKind::invalid:
      e.title = "invalid: Translation fault, level " + std::to_string(level);
      return;
    case DescriptorKind::reserved:
      e.title = "reserved at this level: Translation fault, level " + std::to_string(level);
      return;
    case DescriptorKind::table:
      e.title = "table of level " + std::to_string(level + 1) + " at " + hex(*e.address);
      return;
    default:
      e.title = std::string(to_string(e.kind)) + ", " + size_words(e.size_shift) + " at " + hex(*e.address);
  }
}

}  // namespace detail

const char* to_string(DescriptorFormat format) {
  static constexpr std::array<const char*, descriptor_format_count> names = {
      "lpae64-s1", "lpae64-s2", "lpae32-s1", "lpae32-s2", "v7s", "mali"};
  const auto index = static_cast<std::size_t>(format);
  return index < names.size() ? names[index] : "?";
}

const char* to_string(FieldUse use) {
  static constexpr std::array<const char*, 8> names = {"type",     "address", "attribute", "hardware",
                                                       "software", "res0",    "res1",      "undocumented"};
  const auto index = static_cast<std::size_t>(use);
  return index < names.size() ? names[index] : "?";
}

const char* to_string(DescriptorKind kind) {
  static constexpr std::array<const char*, 9> names = {
      "invalid", "reserved", "table", "block", "page", "section", "supersection", "large page", "small page"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : "?";
}

bool Explanation::wrong() const {
  return std::any_of(fields.begin(), fields.end(), [](const Field& f) { return f.wrong; });
}

unsigned descriptor_bits(DescriptorFormat format) { return format == DescriptorFormat::v7s ? 32 : 64; }

// DDI 0487 D8.2: levels by granule; -1 with 52-bit input addresses of the 4 KiB granule only. A stage 1 of 16
// KiB granules has a level 0 for the one bit that level 1 leaves of 48; a stage 2 concatenates instead.
std::vector<int> descriptor_levels(DescriptorFormat format, const ExplainSettings& settings) {
  int first = 0;
  int last = 3;
  switch (format) {
    case DescriptorFormat::lpae64_s1:
    case DescriptorFormat::lpae64_s2: {
      const bool large = settings.granule == Granule::size_64k;
      if (large ? settings.DS : settings.LPA) return {};
      if (large) {
        first = 1;
      } else if (settings.granule == Granule::size_4k) {
        first = settings.DS ? -1 : 0;
      } else if (settings.granule == Granule::size_16k) {
        first = format == DescriptorFormat::lpae64_s2 && !settings.DS ? 1 : 0;
      } else {
        return {};
      }
      break;
    }
    case DescriptorFormat::lpae32_s1:
    case DescriptorFormat::lpae32_s2:
      first = 1;
      break;
    case DescriptorFormat::v7s:
      first = 1;
      last = 2;
      break;
    case DescriptorFormat::mali:
      break;
    default:
      return {};
  }
  std::vector<int> levels;
  for (int level = first; level <= last; ++level) levels.push_back(level);
  return levels;
}

std::optional<Explanation> explain(DescriptorFormat format, int level, std::uint64_t descriptor,
                                   const ExplainSettings& settings) {
  const std::vector<int> levels = descriptor_levels(format, settings);
  if (std::find(levels.begin(), levels.end(), level) == levels.end()) return std::nullopt;
  Explanation e = format == DescriptorFormat::v7s
                      ? detail::explain_short(level, static_cast<std::uint32_t>(descriptor), settings)
                      : detail::explain_long(format, level, descriptor, settings);
  detail::set_title(e, level);
  return e;
}

const char* shareability_words(Shareability SH) {
  switch (SH) {
    case Shareability::non_shareable:
      return "Non-shareable";
    case Shareability::reserved:
      return "reserved shareability";
    case Shareability::outer:
      return "Outer Shareable";
    case Shareability::inner:
      return "Inner Shareable";
  }
  return "?";
}

namespace {

constexpr std::array<const char*, 4> device_types = {"Device-nGnRnE", "Device-nGnRE", "Device-nGRE",
                                                     "Device-GRE"};

// One nibble of a MAIR byte of Normal memory: bit 0 allocates on writes, bit 1 on reads.
std::string nibble_words(unsigned nibble) {
  if (nibble == 0b0100) return "Non-cacheable";
  std::string text = (nibble & 0b0100) != 0 ? "Write-Back" : "Write-Through";
  if ((nibble & 0b1000) == 0) text += " transient";
  static constexpr std::array<const char*, 4> allocation = {" no-allocate", " W-allocate", " R-allocate",
                                                            " RW-allocate"};
  return text + allocation[nibble & 3];
}

std::string normal_words(const std::string& outer, const std::string& inner) {
  if (outer == inner) return "Normal, Outer and Inner " + outer;
  return "Normal, Outer " + outer + ", Inner " + inner;
}

}  // namespace

// DDI 0487 D24, MAIR_EL1.Attr<n>
std::string memory_words(std::uint8_t memory) {
  const unsigned outer = memory >> 4U;
  const unsigned inner = memory & 0xfU;
  if (outer == 0) {
    if ((inner & 0b0010) != 0) return "reserved MAIR encoding " + detail::hex(memory);
    return device_types[inner >> 2] + std::string((inner & 1) != 0 ? " with XS=0" : "");
  }
  if (inner != 0) return normal_words(nibble_words(outer), nibble_words(inner));
  switch (memory) {
    case 0x40:
      return "Normal, Outer and Inner Non-cacheable, with XS=0";
    case 0xa0:
      return "Normal, Outer and Inner Write-Through R-allocate, with XS=0";
    case 0xe0:
      return "Normal, Outer and Inner Write-Back RW-allocate, no tag access";
    case 0xf0:
      return "Tagged Normal, Outer and Inner Write-Back RW-allocate";
    default:
      return "reserved MAIR encoding " + detail::hex(memory);
  }
}

std::string memory_types_words(std::uint64_t bytes, unsigned count, unsigned first) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    text += (i == 0 ? "Attr" : "; Attr") + std::to_string(first + i) + ": " +
            memory_words(static_cast<std::uint8_t>(bytes >> (8 * i)));
  }
  return text;
}

std::string stage2_memory_words(unsigned MemAttr, bool FWB) {
  const unsigned low = MemAttr & 3;
  if (FWB) {
    if ((MemAttr & 0b0100) == 0) return device_types[low];
    static constexpr std::array<const char*, 4> forced = {
        "reserved", "Normal Non-cacheable, unless stage 1 says Device",
        "Normal Write-Back, whatever stage 1 says", "as stage 1 says"};
    return forced[low];
  }
  if ((MemAttr & 0b1100) == 0) return device_types[low];
  static constexpr std::array<const char*, 4> cacheability = {"reserved", "Non-cacheable", "Write-Through",
                                                              "Write-Back"};
  return normal_words(cacheability[MemAttr >> 2 & 3], cacheability[low]);
}

std::string size_words(unsigned shift) {
  static constexpr std::array<const char*, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (shift > 63) return "?";
  return std::to_string(1U << shift % 10) + " " + units[shift / 10];
}

}  // namespace smmuvp::pgtable
