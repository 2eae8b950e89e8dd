// An invalidation that software has asked for, whatever SMMU it is of: a command of an SMMUv3, or a register
// of an SMMUv2 that was written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "smmuvp/checker/rules.h"
#include "smmuvp/smmuv3/commands.h"

namespace smmuvp::checker {

enum class Regime : std::uint8_t { EL1, EL2 };

/// By what entries of a TLB are told apart, and configuration of streams.
struct Context {
  std::uint32_t stream_id = 0;
  std::optional<std::uint32_t> substream_id;
  Regime regime = Regime::EL1;
  bool e2h = false;  ///< EL2 with ASIDs
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;

  friend bool operator==(const Context& a, const Context& b) {
    return a.stream_id == b.stream_id && a.substream_id == b.substream_id && a.regime == b.regime &&
           a.e2h == b.e2h && a.vmid == b.vmid && a.asid == b.asid;
  }
};

/// What a TLB invalidation has to reach after a descriptor has changed.
struct TranslationChange {
  Context context;
  unsigned stage = 1;
  unsigned level = 3;
  unsigned granule = 12;    ///< log2
  std::uint64_t input = 0;  ///< first address that the descriptor is about
  unsigned shift = 12;      ///< log2 of how much it is about
  bool table = false;       ///< the descriptor led to a table
  bool global = false;      ///< nG was 0
};

/// What a configuration invalidation has to reach.
struct ConfigurationChange {
  Context context;
  bool of_cd = false;     ///< a CD or L1CD; else an STE or L1STD
  bool of_table = false;  ///< an L1STD or L1CD
};

struct Invalidation {
  struct Translations {
    Regime regime = Regime::EL1;
    unsigned stages = 1;                ///< a bit each
    std::optional<std::uint16_t> vmid;  ///< none: all
    std::optional<std::uint16_t> asid;  ///< none: all
    bool by_address = false;
    std::uint64_t address = 0;
    std::uint64_t bytes = 1;  ///< from `address` on
    bool leaf = false;        ///< nothing but leaves goes
    // What it says of the tables:
    bool hints = false;
    unsigned granule = 0;  ///< log2
    unsigned level = 0;    ///< of the leaves; 0: any
  };
  struct Configuration {
    std::uint32_t stream_id = 0;
    std::uint32_t mask = ~0U;                   ///< of the StreamIDs that count
    bool of_cds_alone = false;                  ///< STEs stay
    std::optional<std::uint32_t> substream_id;  ///< none: all
    bool leaf = false;                          ///< nothing of the first level goes
  };
  std::optional<Translations> translations;
  std::optional<Configuration> configuration;
  smmuv3::Command command;  ///< of an SMMUv3
  std::string words;        ///< of an SMMUv2: which register was written, and with what
};

/// What a command invalidates; neither translations nor configuration: something else, an ATC for example.
/// nullopt: nothing.
std::optional<Invalidation> invalidation_of(const smmuv3::Command& command, const smmuv3::Features& features);

/// What an invalidation does for a change: reach it, or miss it by what `rule` says, or be about something
/// else.
struct Reach {
  enum class Kind : std::uint8_t { elsewhere, misses, reaches } kind = Kind::elsewhere;
  RuleId rule{};

  static Reach misses(RuleId rule) { return {Kind::misses, rule}; }
  static Reach reaches() { return {Kind::reaches, {}}; }
};
Reach reach_of(const Invalidation& invalidation, const TranslationChange& change);
Reach reach_of(const Invalidation& invalidation, const ConfigurationChange& change);

}  // namespace smmuvp::checker
