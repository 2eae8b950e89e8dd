// What a descriptor says, field by field, in words: for tools and messages, never part of a walk. Written
// from the specification's tables of fields, not from the walker: bits that no walk looks at are explained
// too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable {

/// Format and stage of a descriptor.
enum class DescriptorFormat : std::uint8_t {
  lpae64_s1,  ///< VMSAv8-64 stage 1 (DDI 0487 D8.3, tables D8-50, D8-52, D8-54)
  lpae64_s2,  ///< VMSAv8-64 stage 2 (D8-51, D8-53, D8-55)
  lpae32_s1,  ///< VMSAv8-32 Long-descriptor format, stage 1 (G5.5; unverified)
  lpae32_s2,  ///< the same, stage 2 (G5.5; unverified)
  v7s,        ///< VMSAv8-32 Short-descriptor format (G5.4; unverified)
  mali,       ///< Mali LPAE: no public document, as Linux's io-pgtable writes it
};
/// In the order of the enumeration.
constexpr unsigned descriptor_format_count = 6;

/// "lpae64-s1", ...
const char* to_string(DescriptorFormat format);

/// What the meaning of bits depends on, apart from format and level. What a format has not got is ignored.
struct ExplainSettings {
  Granule granule = Granule::size_4k;  ///< lpae64
  bool LPA = false;                    ///< lpae64, 64 KiB granule: descriptors hold 52-bit addresses
  bool DS = false;                     ///< lpae64, 4 and 16 KiB granules: the same
  Regime regime = Regime::el1_0;       ///< stage 1 of lpae64 and lpae32
  bool secure = false;                 ///< Secure state: NS and NSTable have a meaning
  bool HPD = false;                    ///< stage 1: hierarchical permissions are disabled
  bool HD = false;                     ///< lpae64: hardware manages dirty state, DBM has a meaning
  bool FWB = false;                    ///< stage 2: MemAttr as FEAT_S2FWB has it
  bool XNX = false;                    ///< stage 2: XN has two bits
  bool AFE = false;                    ///< v7s: AP[0] is the Access flag
  bool TRE = false;                    ///< v7s: TEX[0], C and B index PRRR and NMRR
  std::optional<std::uint64_t> MAIR;   ///< resolves AttrIndx; Mali: MEMATTR
  std::optional<std::uint32_t> PRRR;   ///< both resolve TEX[0], C and B where TRE is set
  std::optional<std::uint32_t> NMRR;
  std::optional<std::uint32_t> DACR;  ///< resolves Domain
};

enum class FieldUse : std::uint8_t {
  type,          ///< decides what the descriptor is
  address,       ///< bits of an address, in place or moved
  attribute,     ///< what translation or memory system act upon
  hardware,      ///< PBHA and other IMPLEMENTATION DEFINED uses
  software,      ///< reserved for software, or IGNORED
  res0,          ///< must be 0
  res1,          ///< must be 1
  undocumented,  ///< Mali: nothing public says what it is
};
/// "type", "address", ...
const char* to_string(FieldUse use);

/// Neighbouring bits that mean one thing.
struct Field {
  std::string name;  ///< as in the specification
  std::uint8_t high = 0;
  std::uint8_t low = 0;
  std::uint64_t value = 0;  ///< bits [high:low], shifted down
  FieldUse use = FieldUse::attribute;
  std::string meaning;
  bool wrong = false;  ///< RES0 bits that are set, RES1 bits that are clear, a reserved value or combination
};

enum class DescriptorKind : std::uint8_t {
  invalid,   ///< a Translation fault
  reserved,  ///< an encoding that this level has not got: a Translation fault too
  table,
  block,
  page,
  section,       ///< v7s, 1 MiB
  supersection,  ///< v7s, 16 MiB
  large_page,    ///< v7s, 64 KiB
  small_page,    ///< v7s, 4 KiB
};
/// "invalid", "table", "large page", ...
const char* to_string(DescriptorKind kind);

/// Every bit of the descriptor is in exactly one field.
struct Explanation {
  DescriptorKind kind = DescriptorKind::invalid;
  std::string title;                     ///< for example "page, 4 KiB at 0x80001000"
  std::optional<std::uint64_t> address;  ///< of the next table, or first output address
  std::uint8_t size_shift = 0;           ///< leaves: log2 of what it maps
  std::vector<Field> fields;             ///< from the most significant bit down

  bool is_leaf() const { return kind > DescriptorKind::table; }
  bool wrong() const;  ///< whether any field is
};

/// Bits of a descriptor: 64, or 32 for v7s.
unsigned descriptor_bits(DescriptorFormat format);

/// Levels at which a table of this format and these settings can be; empty if the settings contradict
/// themselves.
std::vector<int> descriptor_levels(DescriptorFormat format, const ExplainSettings& settings);

/// Explains any value; nothing where descriptor_levels() has not got the level. Bits above descriptor_bits()
/// are ignored.
std::optional<Explanation> explain(DescriptorFormat format, int level, std::uint64_t descriptor,
                                   const ExplainSettings& settings = {});

/// A MAIR byte in words: "Normal, Outer Write-Back RW-allocate, Inner Non-cacheable", "Device-nGnRE".
std::string memory_words(std::uint8_t memory);
/// Bytes of MAIR, the lowest first: "Attr4: Device-nGnRnE; Attr5: ...". @param first  number of the lowest
std::string memory_types_words(std::uint64_t bytes, unsigned count, unsigned first);
/// "Non-shareable", "Outer Shareable", ...
const char* shareability_words(Shareability SH);
/// MemAttr[3:0] of stage 2 in words.
std::string stage2_memory_words(unsigned MemAttr, bool FWB);
/// A power of two of bytes: "4 KiB", "512 GiB".
std::string size_words(unsigned shift);

}  // namespace smmuvp::pgtable
