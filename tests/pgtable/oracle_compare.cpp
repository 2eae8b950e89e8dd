#include "oracle_compare.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace smmuvp::pgtable::test {
namespace {

using ull = unsigned long long;

Granule granule_of(const Config& config, Stage stage, unsigned range) {
  return stage == Stage::stage1 ? config.stage1.tables[range].granule : config.stage2.granule;
}
unsigned output_size_of(const Config& config, Stage stage) {
  return stage == Stage::stage1 ? config.stage1.output_size : config.stage2.output_size;
}
std::uint64_t base_of(const Config& config, Stage stage, unsigned range) {
  return stage == Stage::stage1 ? config.stage1.tables[range].base : config.stage2.base;
}

// DDI 0487 D8.3, with 48-bit addresses
bool block_exists(Granule granule, int level) {
  return level == 2 || (level == 1 && granule == Granule::size_4k);
}

bool has_address(Granule granule, int level, std::uint64_t descriptor) {
  if ((descriptor & 3) == 3) return true;
  return (descriptor & 3) == 1 && block_exists(granule, level);
}

std::uint64_t address_in(Granule granule, std::uint64_t descriptor) {
  return descriptor & 0xffffffffffff & ~((std::uint64_t{1} << static_cast<unsigned>(granule)) - 1);
}

// PAR_EL1.FST (DDI 0487 D17, PAR_EL1)
unsigned fault_status(FaultKind kind, int level) {
  const unsigned l = static_cast<unsigned>(level) & 3;
  switch (kind) {
    case FaultKind::address_size:
      return 0x00 + l;
    case FaultKind::translation:
      return 0x04 + l;
    case FaultKind::access_flag:
      return 0x08 + l;
    case FaultKind::permission:
      return 0x0c + l;
    default:
      return 0x3f;
  }
}

Config with_unlimited_output(Config config) {
  config.stage1.output_size = 48;
  config.stage2.output_size = 48;
  return config;
}

Config with_pan(Config config, bool PAN) {
  config.stage1.PAN = PAN;
  return config;
}

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream s;
  s << std::hex;
  (s << ... << parts);
  return s.str();
}

std::string describe_result(const Result& r) {
  std::ostringstream s;
  s << " [ours: fault " << to_string(r.fault.kind) << " stage " << static_cast<int>(r.fault.stage)
    << " level " << int{r.fault.level} << " on table walk " << r.fault.on_table_walk << std::hex << " ipa "
    << r.fault.ipa << " output " << r.output << " memory " << unsigned{r.attributes.memory} << " SH "
    << static_cast<unsigned>(r.attributes.SH) << " reads";
  for (const std::uint64_t a : r.descriptors) s << " " << a;
  s << "]";
  return s.str();
}

}  // namespace

void OracleCounts::print(const char* what) const {
  std::printf("%s: %llu cases, %llu translated\n", what, ull{cases}, ull{translated});
  for (unsigned stage = 1; stage <= 2; ++stage) {
    const std::uint64_t* const f = faults[stage];
    if (std::all_of(f, f + 8, [](std::uint64_t n) { return n == 0; })) continue;
    std::printf("  stage %u faults: translation %llu, address size %llu, access flag %llu, permission %llu\n",
                stage, ull{f[1]}, ull{f[2]}, ull{f[3]}, ull{f[4]});
  }
  std::printf(
      "  stage 2 faults on a table walk %llu\n"
      "  excused: output size unchecked %llu, reserved block %llu, RES0 bits in the output %llu,\n"
      "           status of a fault on a table walk %llu, Device combined with Normal %llu, transience lost "
      "%llu,\n"
      "           reserved MemAttr %llu, reserved MAIR bytes %llu\n",
      ull{on_table_walk}, ull{output_size_unchecked}, ull{reserved_block}, ull{RES0_in_output},
      ull{table_walk_status}, ull{device_combination}, ull{transience_lost}, ull{reserved_MemAttr},
      ull{reserved_MAIR});
}

OracleComparison::OracleComparison(const Scenario& scenario, OracleCounts& counts)
    : m_scenario(scenario), m_counts(counts) {
  const Config& config = scenario.config;
  m_limited = (config.stages != Stages::stage2 && config.stage1.output_size != 48) ||
              (config.stages != Stages::stage1 && config.stage2.output_size != 48);
  for (unsigned pan = 0; pan < 2; ++pan) {
    m_setup[pan] = WalkSetup(with_pan(config, pan != 0));
    m_unlimited[pan] = WalkSetup(with_pan(with_unlimited_output(config), pan != 0));
  }
}

void OracleComparison::trace(const WalkSetup& setup, const WalkRequest& request, Traced& out) const {
  out.count = 0;
  out.result = walk(setup, request, [&](const MemoryOp& op) {
    const std::uint64_t d = m_scenario.descriptor(op.address);
    if (out.count < DescriptorTrace::capacity) out.reads[out.count++] = {op.stage, op.level, op.address, d};
    return MemoryResponse{MemoryStatus::ok, d};
  });
}

// Unicorn never checks the output size, but goes on to read what lies beyond it. So the reads of a walk
// without that limit tell where an Address size fault has to come first (DDI 0487 D8.2.3, D8.15): at a first
// table, level 0, when its walk begins; then at each table, block or page.
OracleComparison::AddressSizeFault OracleComparison::expected_address_size(const Traced& unlimited) const {
  const Config& config = m_scenario.config;
  const Fault& fault = unlimited.result.fault;
  const unsigned range = unlimited.result.range;
  const auto beyond = [&](Stage stage, std::uint64_t address) {
    return (address >> output_size_of(config, stage)) != 0;
  };
  if (config.stages != Stages::stage2) {
    // The address is outside its range, or walks are disabled.
    if (fault.kind != FaultKind::none && fault.stage == Stage::stage1 && unlimited.count == 0) return {};
    if (beyond(Stage::stage1, base_of(config, Stage::stage1, range))) return {true, Stage::stage1, 0, 0};
  }
  if (config.stages != Stages::stage1) {
    // Else the first IPA is outside the range.
    if (unlimited.count != 0 && beyond(Stage::stage2, config.stage2.base)) return {true, Stage::stage2, 0, 0};
  }
  for (std::size_t i = 0; i < unlimited.count; ++i) {
    const Read& r = unlimited.reads[i];
    const Granule granule = granule_of(config, r.stage, range);
    if (has_address(granule, r.level, r.descriptor) && beyond(r.stage, address_in(granule, r.descriptor))) {
      return {true, r.stage, r.level, i + 1};
    }
  }
  return {};
}

std::string OracleComparison::check_output_size(const WalkRequest& request, const Traced& unlimited,
                                                unsigned pan) {
  const AddressSizeFault expected = expected_address_size(unlimited);
  Traced limited;
  trace(m_setup[pan], request, limited);
  const Fault& f = limited.result.fault;
  ++m_counts.faults[static_cast<unsigned>(f.stage)][static_cast<unsigned>(f.kind) & 7];
  if (!expected.present) {
    const Fault& u = unlimited.result.fault;
    const bool same = f.kind == u.kind && f.stage == u.stage && f.level == u.level && f.ipa == u.ipa &&
                      limited.count == unlimited.count && limited.result.output == unlimited.result.output;
    return same ? "" : "with its own output size: " + describe_result(limited.result);
  }
  ++m_counts.output_size_unchecked;
  const bool prefix = limited.count == expected.reads &&
                      std::equal(limited.reads, limited.reads + limited.count, unlimited.reads,
                                 [](const Read& a, const Read& b) { return a.address == b.address; });
  if (f.kind == FaultKind::address_size && f.stage == expected.stage && f.level == expected.level && prefix)
    return "";
  return text("expected an Address size fault of stage ", static_cast<int>(expected.stage), " level ",
              expected.level, describe_result(limited.result));
}

// Unicorn takes 0b01 for a block at every level but the last.
bool OracleComparison::is_reserved_block(const Traced& t) const {
  if (t.result.fault.kind != FaultKind::translation || t.count == 0) return false;
  const Read& last = t.reads[t.count - 1];
  return (last.descriptor & 3) == 1 && last.level < 3 &&
         !block_exists(granule_of(m_scenario.config, last.stage, t.result.range), last.level);
}

// What Unicorn makes of the attributes that this walk met.
std::uint8_t OracleComparison::unicorn_attributes(const Traced& ours) {
  const Config& config = m_scenario.config;
  const Result& r = ours.result;
  const std::uint8_t s1 =
      config.stages != Stages::stage2
          ? static_cast<std::uint8_t>(config.stage1.MAIR >> (8 * ((r.stage1.descriptor >> 2) & 7)))
          : static_cast<std::uint8_t>(m_scenario.normal_input ? 0xff : 0x00);
  if (effective_memory(s1) != s1) ++m_counts.reserved_MAIR;  // Unicorn takes them as they are
  if (config.stages == Stages::stage1) return s1;
  return unicorn_combination(s1, r.stage2_attributes, m_counts);
}

std::string OracleComparison::compare_par(const Traced& ours, std::uint64_t par) {
  const Config& config = m_scenario.config;
  const Result& r = ours.result;
  const Fault& f = r.fault;
  if (r.ok() != ((par & 1) == 0)) return "one of both faults";
  if (!r.ok()) {
    const bool stage2 = f.stage == Stage::stage2;
    if (stage2 != ((par >> 9 & 1) != 0)) return "stage of the fault";
    if (f.on_table_walk != ((par >> 8 & 1) != 0)) return "on a table walk";
    unsigned status = fault_status(f.kind, f.level);
    if (f.on_table_walk) {
      // Always reported as a Translation fault of stage 1's level.
      ++m_counts.on_table_walk;
      int level = 0;
      const TableConfig& t = config.stage1.tables[r.range];
      const int page = static_cast<int>(t.granule);
      while (page + (page - 3) * (3 - level) >= 64 - t.TxSZ) ++level;
      for (std::size_t i = 0; i < ours.count; ++i) level += ours.reads[i].stage == Stage::stage1 ? 1 : 0;
      const unsigned unicorn = fault_status(FaultKind::translation, level);
      if (unicorn != status) ++m_counts.table_walk_status;
      status = unicorn;
    }
    return status == (par >> 1 & 0x3f) ? "" : "fault status";
  }
  ++m_counts.translated;
  // Unicorn ORs RES0 bits of a block's address field into the result.
  const Stage last = config.stages == Stages::stage1 ? Stage::stage1 : Stage::stage2;
  const Leaf& leaf = last == Stage::stage1 ? r.stage1 : r.stage2;
  const std::uint64_t below_block = (std::uint64_t{1} << leaf.block_shift) - 1;
  const std::uint64_t RES0 = address_in(granule_of(config, last, r.range), leaf.descriptor) & below_block;
  constexpr std::uint64_t page_address = 0xfffffffff000;
  if ((RES0 & ~r.output) != 0) ++m_counts.RES0_in_output;
  if (((r.output & page_address) | RES0) != (par & page_address)) return "output address";
  const std::uint8_t unicorn = unicorn_attributes(ours);
  if (unicorn != par >> 56) return "memory attributes";
  if (config.stages == Stages::stage1 && r.attributes.memory != effective_memory(unicorn)) {
    return "memory attributes here";
  }
  // Of stage 1 alone SH is the descriptor's on both sides. Of both stages Unicorn's differs where its
  // attributes do.
  unsigned SH = static_cast<unsigned>(r.attributes.SH);
  const unsigned attributes = static_cast<unsigned>(par >> 56);
  if (config.stages != Stages::stage1 && attributes != r.attributes.memory)
    SH = static_cast<unsigned>(par >> 7 & 3);
  return SH == (par >> 7 & 3) ? "" : "shareability";
}

std::string OracleComparison::data(Translator& oracle, const WalkRequest& request, bool PAN) {
  const Config& config = m_scenario.config;
  oracle.forget();
  const bool store = request.access == AccessType::write;
  std::uint64_t par = 0;
  if (config.stages != Stages::stage1) {
    par = oracle.both_stages(request.privileged, store, request.va);
  } else if (config.regime == Regime::el1_0) {
    par = oracle.stage1(request.privileged, store, PAN, request.va);
  } else {
    par = oracle.single(config.regime, store, request.va);
  }
  ++m_counts.cases;
  Traced ours;
  const unsigned pan = PAN ? 1 : 0;
  trace(m_unlimited[pan], request, ours);
  std::string problem;
  if (m_limited) {
    problem = check_output_size(request, ours, pan);
  } else {
    const Fault& f = ours.result.fault;
    ++m_counts.faults[static_cast<unsigned>(f.stage)][static_cast<unsigned>(f.kind) & 7];
  }
  const auto& theirs = oracle.reads();
  const auto same_address = [](const Read& a, std::uint64_t b) { return a.address == b; };
  if (problem.empty() && is_reserved_block(ours)) {
    ++m_counts.reserved_block;  // Unicorn goes on from here
    if (theirs.size() < ours.count ||
        !std::equal(ours.reads, ours.reads + ours.count, theirs.begin(), same_address)) {
      problem = "reads before a reserved block";
    }
    if (problem.empty()) return "";
  } else if (problem.empty()) {
    if (!std::equal(ours.reads, ours.reads + ours.count, theirs.begin(), theirs.end(), same_address)) {
      problem = "reads";
    } else {
      problem = compare_par(ours, par);
    }
  }
  if (problem.empty()) return "";
  std::string s =
      text(problem, ": va ", request.va, " access ", static_cast<int>(request.access), " privileged ",
           request.privileged, " PAN ", PAN, " PAR ", par, describe_result(ours.result), " [Unicorn:");
  for (const std::uint64_t a : theirs) s += text(" ", a, "=", m_scenario.descriptor(a));
  return s + "] " + describe(m_scenario);
}

std::string OracleComparison::fetch(Fetcher& oracle, std::uint64_t va) {
  WalkRequest request;
  request.va = va;
  request.access = AccessType::execute;
  request.privileged = oracle.exception_level() != 0;
  const bool allowed = oracle.allowed(va);
  ++m_counts.cases;
  Traced ours;
  trace(m_unlimited[0], request, ours);
  const Fault& f = ours.result.fault;
  ++m_counts.faults[static_cast<unsigned>(f.stage)][static_cast<unsigned>(f.kind) & 7];
  if (f.on_table_walk) ++m_counts.on_table_walk;
  if (is_reserved_block(ours)) {
    ++m_counts.reserved_block;
    return "";
  }
  if (ours.result.ok()) ++m_counts.translated;
  if (ours.result.ok() == allowed) return "";
  return text("fetch at EL", oracle.exception_level(), " of ", va, allowed ? " is allowed" : " is refused",
              describe_result(ours.result)) +
         describe(m_scenario);
}

}  // namespace smmuvp::pgtable::test
