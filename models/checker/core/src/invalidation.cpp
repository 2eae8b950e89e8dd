#include "smmuvp/checker/invalidation.h"

#include <algorithm>

#include "smmuvp/base/fields.h"

namespace smmuvp::checker {

using smmuv3::Command;
using smmuv3::Opcode;

namespace {

/// What a TLB invalidation names (IHI 0070 4.4).
struct Named {
  Regime regime = Regime::EL1;
  unsigned stages = 1;  // a bit each
  bool by_vmid = false;
  bool by_asid = false;
  bool by_address = false;
};

std::optional<Named> named_by(Opcode opcode) {
  switch (opcode) {
    case Opcode::CMD_TLBI_NH_ALL:
      return Named{Regime::EL1, 1, true, false, false};
    case Opcode::CMD_TLBI_NH_ASID:
      return Named{Regime::EL1, 1, true, true, false};
    case Opcode::CMD_TLBI_NH_VA:
      return Named{Regime::EL1, 1, true, true, true};
    case Opcode::CMD_TLBI_NH_VAA:
      return Named{Regime::EL1, 1, true, false, true};
    case Opcode::CMD_TLBI_EL2_ALL:
      return Named{Regime::EL2, 1, false, false, false};
    case Opcode::CMD_TLBI_EL2_ASID:
      return Named{Regime::EL2, 1, false, true, false};
    case Opcode::CMD_TLBI_EL2_VA:
      return Named{Regime::EL2, 1, false, true, true};
    case Opcode::CMD_TLBI_EL2_VAA:
      return Named{Regime::EL2, 1, false, false, true};
    case Opcode::CMD_TLBI_S12_VMALL:
      return Named{Regime::EL1, 3, true, false, false};
    case Opcode::CMD_TLBI_S2_IPA:
      return Named{Regime::EL1, 2, true, false, true};
    case Opcode::CMD_TLBI_NSNH_ALL:
      return Named{Regime::EL1, 3, false, false, false};
    default:
      return std::nullopt;
  }
}

Invalidation::Translations translations_of(const Command& command, const Named& named,
                                           const smmuv3::Features& features) {
  Invalidation::Translations t;
  t.regime = named.regime;
  t.stages = named.stages;
  if (named.by_vmid && features.S2P) t.vmid = command.VMID;
  if (named.by_asid) t.asid = command.ASID;
  t.by_address = named.by_address;
  t.address = command.Address;
  t.leaf = command.Leaf;
  if (!named.by_address) return t;
  if (const auto range = smmuv3::range_of(command, features)) {
    t.bytes = range->bytes;
    t.hints = true;
    t.granule = range->granule;
    t.level = range->level;
  }
  return t;
}

// 4.3
std::optional<Invalidation::Configuration> configuration_of(const Command& command) {
  Invalidation::Configuration c;
  c.stream_id = command.StreamID;
  switch (static_cast<Opcode>(command.opcode)) {
    case Opcode::CMD_CFGI_STE:
      c.leaf = command.Leaf;
      return c;
    case Opcode::CMD_CFGI_STE_RANGE:  // Range 31: all
      c.mask = command.Range >= 31 ? 0U : ~((2U << command.Range) - 1);
      return c;
    case Opcode::CMD_CFGI_CD:
      c.of_cds_alone = true;
      c.substream_id = command.SubstreamID;
      c.leaf = command.Leaf;
      return c;
    case Opcode::CMD_CFGI_CD_ALL:
      c.of_cds_alone = true;
      return c;
    default:
      return std::nullopt;
  }
}

enum class Place : std::uint8_t { elsewhere, beside, inside };

// Whether the addresses of an invalidation are those of a change, or some of the same table of the last
// level.
Place place_of(const Invalidation::Translations& t, const TranslationChange& change) {
  // As entries are named: with TBI by a copy of bit 55 (4.4.2), IPAs by 52 bits.
  const auto name = [&change](std::uint64_t address) {
    if (change.stage == 2) return address & low_bits(52);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 8) >> 8);
  };
  const std::uint64_t input = name(change.input);
  const std::uint64_t last = input + low_bits(change.shift);
  const std::uint64_t first_named = name(t.address);
  const std::uint64_t last_named = first_named + std::min(t.bytes - 1, ~first_named);
  // Of a block or page any address will do, and so it does of a table.
  if (first_named <= last && last_named >= input) return Place::inside;
  const unsigned near = change.granule + (change.granule - 3);
  return input >> near == first_named >> near ? Place::beside : Place::elsewhere;
}

}  // namespace

std::optional<Invalidation> invalidation_of(const Command& command, const smmuv3::Features& features) {
  const unsigned opcode = command.opcode;
  if (!((opcode >= 0x03 && opcode <= 0x30) || opcode == 0x40 || (opcode >= 0x50 && opcode <= 0x60)))
    return std::nullopt;
  Invalidation i;
  i.command = command;
  if (const auto named = named_by(static_cast<Opcode>(opcode)))
    i.translations = translations_of(command, *named, features);
  i.configuration = configuration_of(command);
  return i;
}

Reach reach_of(const Invalidation& invalidation, const TranslationChange& change) {
  if (!invalidation.translations) return {};
  const Invalidation::Translations& t = *invalidation.translations;
  const Place place = t.by_address ? place_of(t, change) : Place::inside;
  if (place == Place::elsewhere) return {};
  const Context& c = change.context;
  const bool vmid = !t.vmid || *t.vmid == c.vmid;
  const bool has_asid = c.regime == Regime::EL1 || c.e2h;
  bool asid = !t.asid || !has_asid || *t.asid == c.asid;
  // Global entries: by address whatever the ASID, by ASID never (4.4.2).
  if (change.global && t.asid) asid = t.by_address;
  const bool stage = t.regime == c.regime && (t.stages >> (change.stage - 1) & 1) != 0;
  if (!t.by_address) {  // says nothing of the place: it may be meant for somebody else
    if (stage && vmid && asid) return Reach::reaches();
    return {};
  }
  if (place == Place::beside) return stage && vmid && asid ? Reach::misses(RuleId::tlbi_range) : Reach();
  if (!stage) return Reach::misses(RuleId::tlbi_stage);
  if (!vmid) return Reach::misses(RuleId::tlbi_vmid);
  if (!asid) return Reach::misses(RuleId::tlbi_asid);
  if (change.table && t.leaf) return Reach::misses(RuleId::tlbi_leaf);
  if (!t.hints) return Reach::reaches();
  if (t.granule != change.granule) return Reach::misses(RuleId::tlbi_level);
  if (t.level != 0 && (change.table ? change.level > t.level : change.level != t.level))
    return Reach::misses(RuleId::tlbi_level);
  return Reach::reaches();
}

Reach reach_of(const Invalidation& invalidation, const ConfigurationChange& change) {
  if (!invalidation.configuration) return {};
  const Invalidation::Configuration& i = *invalidation.configuration;
  if (i.of_cds_alone && !change.of_cd) return {};
  if (((i.stream_id ^ change.context.stream_id) & i.mask) != 0) return Reach::misses(RuleId::cfgi_stream);
  if (i.substream_id && *i.substream_id != change.context.substream_id.value_or(0))
    return Reach::misses(RuleId::cfgi_stream);
  // CMD_CFGI_STE takes all CDs of the stream, and what leads to them.
  if (change.of_table && i.leaf && i.of_cds_alone == change.of_cd) return Reach::misses(RuleId::cfgi_leaf);
  return Reach::reaches();
}

}  // namespace smmuvp::checker
