#include "aarch32_compare.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace smmuvp::pgtable::test {
namespace {

using ull = unsigned long long;

constexpr std::uint64_t ones(unsigned n) { return (std::uint64_t{1} << n) - 1; }
constexpr std::uint64_t high_address = ones(48) & ~ones(40);
constexpr std::uint32_t all_clients = 0x55555555;

bool is_stage1_short(const Config& c) { return c.stages != Stages::stage2 && c.stage1.format == Format::v7s; }

Config seen_by_unicorn(Config c) {
  for (TableConfig& t : c.stage1.tables) t.base &= ~high_address;
  c.stage2.base &= ~high_address;
  if (is_stage1_short(c)) c.stage1.WXN = c.stage1.UWXN = false;
  return c;
}
Config with_clients(Config c) {
  c.stage1.v7s.DACR = all_clients;
  return c;
}
Config without_AFE(Config c) {
  c.stage1.v7s.AFE = false;
  return c;
}

// PAR.FS with short descriptors, bits [3:0], and PAR.FST with long ones (DDI 0487 G8, PAR)
unsigned short_status(const Fault& f) {
  const bool first = f.level == 1;
  switch (f.kind) {
    case FaultKind::translation:
      return first ? 0b0101 : 0b0111;
    case FaultKind::access_flag:
      return first ? 0b0011 : 0b0110;
    case FaultKind::domain:
      return first ? 0b1001 : 0b1011;
    case FaultKind::permission:
      return first ? 0b1101 : 0b1111;
    default:
      return 0;
  }
}
unsigned long_status(FaultKind kind, int level) {
  const unsigned l = static_cast<unsigned>(level) & 3;
  switch (kind) {
    case FaultKind::translation:
      return 0b000100 | l;
    case FaultKind::access_flag:
      return 0b001000 | l;
    case FaultKind::permission:
      return 0b001100 | l;
    default:
      return 0b111111;
  }
}

bool same_result(const Result& a, const Result& b) {
  return a.fault.kind == b.fault.kind && a.fault.stage == b.fault.stage && a.fault.level == b.fault.level &&
         a.fault.ipa == b.fault.ipa && a.fault.on_table_walk == b.fault.on_table_walk &&
         a.descriptors.size() == b.descriptors.size() && (!a.ok() || a.output == b.output);
}

std::string describe_result(const Result& r) {
  std::ostringstream s;
  s << " [ours: fault " << to_string(r.fault.kind) << " stage " << static_cast<int>(r.fault.stage)
    << " level " << int{r.fault.level} << " on table walk " << r.fault.on_table_walk << std::hex << " ipa "
    << r.fault.ipa << " output " << r.output << " memory " << unsigned{r.attributes.memory} << " SH "
    << static_cast<unsigned>(r.attributes.SH) << "]";
  return s.str();
}

}  // namespace

void AArch32Counts::print(const char* what) const {
  std::printf("%s: %llu cases, %llu translated\n", what, ull{cases}, ull{translated});
  for (unsigned stage = 1; stage <= 2; ++stage) {
    const std::uint64_t* const f = faults[stage];
    if (std::all_of(f, f + 8, [](std::uint64_t n) { return n == 0; })) continue;
    std::printf(
        "  stage %u faults: translation %llu, address size %llu, access flag %llu, permission %llu, domain "
        "%llu\n",
        stage, ull{f[1]}, ull{f[2]}, ull{f[3]}, ull{f[4]}, ull{f[5]});
  }
  std::printf(
      "  stage 2 faults on a table walk %llu\n"
      "  excused: domain checked too early %llu, no Access flag for managers %llu, no WXN and UWXN with "
      "short\n"
      "           descriptors %llu, address bits [47:40] unchecked %llu, RES0 bits in the output %llu,\n"
      "           status of a fault on a table walk %llu, Device combined with Normal %llu, transience lost "
      "%llu,\n"
      "           reserved MemAttr %llu, reserved MAIR bytes %llu; attributes of short descriptors not told "
      "%llu\n",
      ull{on_table_walk}, ull{domain_too_early}, ull{manager_without_access_flag}, ull{short_WXN_unchecked},
      ull{address_size_unchecked}, ull{RES0_in_output}, ull{table_walk_status}, ull{device_combination},
      ull{transience_lost}, ull{reserved_MemAttr}, ull{reserved_MAIR}, ull{short_attributes});
}

std::uint64_t RecordedMemory::descriptor(const AArch32Scenario& scenario, const MemoryOp& op) {
  const Word* low = find(op.address);
  if (op.size == 4) {
    if (low == nullptr) {
      const auto d = static_cast<std::uint32_t>(scenario.descriptor(op));
      add(op.address, op.big_endian ? __builtin_bswap32(d) : d);
      return d;
    }
    return op.big_endian ? __builtin_bswap32(low->value) : low->value;
  }
  if (low == nullptr || find(op.address + 4) == nullptr) {
    const std::uint64_t d = scenario.descriptor(op);
    const std::uint64_t raw = op.big_endian ? __builtin_bswap64(d) : d;
    if (low == nullptr) add(op.address, static_cast<std::uint32_t>(raw));
    if (find(op.address + 4) == nullptr) add(op.address + 4, static_cast<std::uint32_t>(raw >> 32));
  }
  const std::uint64_t raw = word(op.address) | std::uint64_t{word(op.address + 4)} << 32;
  return op.big_endian ? __builtin_bswap64(raw) : raw;
}

std::uint32_t RecordedMemory::word(std::uint64_t address) const {
  const Word* const found = find(address);
  return found == nullptr ? 0 : found->value;
}

const RecordedMemory::Word* RecordedMemory::find(std::uint64_t address) const {
  for (std::size_t i = 0; i < m_size; ++i) {
    if (m_words[i].address == address) return &m_words[i];
  }
  return nullptr;
}

void RecordedMemory::add(std::uint64_t address, std::uint32_t value) {
  if (m_size < m_words.size()) m_words[m_size++] = {address, value};
}

AArch32Comparison::AArch32Comparison(const AArch32Scenario& scenario, RecordedMemory& memory,
                                     AArch32Counts& counts)
    : m_scenario(scenario),
      m_memory(memory),
      m_counts(counts),
      m_short(is_stage1_short(scenario.config)),
      m_short_PAR(m_short && scenario.config.stages == Stages::stage1),
      m_architecture(scenario.config),
      m_unicorn(seen_by_unicorn(scenario.config)) {
  if (!m_short) return;
  m_unicorn_client = WalkSetup(with_clients(seen_by_unicorn(scenario.config)));
  m_unicorn_manager = WalkSetup(without_AFE(seen_by_unicorn(scenario.config)));
}

// As Unicorn sees it, long descriptors have no address bits above 39.
void AArch32Comparison::trace(const WalkSetup& setup, const WalkRequest& request, bool as_unicorn,
                              Traced& out) {
  out.count = 0;
  out.result = walk(setup, request, [&](const MemoryOp& op) {
    const std::uint64_t d = m_memory.descriptor(m_scenario, op);
    if (out.count < out.reads.size()) out.reads[out.count++] = {op.stage, op.level, op.size, op.address, d};
    return MemoryResponse{MemoryStatus::ok, as_unicorn && op.size == 8 ? d & ~high_address : d};
  });
}

std::uint64_t AArch32Comparison::ask(UnicornAArch32& oracle, const WalkRequest& request) {
  oracle.forget();
  const bool store = request.access == AccessType::write;
  const Config& c = m_scenario.config;
  if (c.stages != Stages::stage1) return oracle.both_stages(request.privileged, store, request.va);
  if (c.regime == Regime::el2) return oracle.pl2(store, request.va);
  return m_short ? oracle.stage1_short(request.privileged, store, request.va)
                 : oracle.stage1_long(request.privileged, store, request.va);
}

void AArch32Comparison::count_fault(const Result& r) {
  const Fault& f = r.fault;
  ++m_counts.faults[static_cast<unsigned>(f.stage)][static_cast<unsigned>(f.kind) & 7];
  if (f.on_table_walk) ++m_counts.on_table_walk;
  if (r.ok()) ++m_counts.translated;
}

// Domain of the level 1 descriptor, as G5.4.1.1 has it.
AArch32Comparison::Domain AArch32Comparison::domain_of(const Traced& t) const {
  Domain d;
  for (std::size_t i = 0; i < t.count; ++i) {
    const Read& r = t.reads[i];
    if (r.stage != Stage::stage1) continue;
    d.reads = i + 1;
    d.known = (r.descriptor & 3) != 0;
    d.by_table = (r.descriptor & 3) == 1;
    const bool super = !d.by_table && (r.descriptor >> 18 & 1) != 0;
    d.number = super ? 0 : static_cast<unsigned>(r.descriptor >> 5 & 0xf);
    d.value = m_scenario.config.stage1.v7s.DACR >> (2 * d.number) & 3;
    return d;
  }
  return d;
}

// Whether the walk came to a leaf of stage 1 whose Access flag matters and is clear.
bool AArch32Comparison::clear_access_flag(const Traced& t) const {
  if (!m_scenario.config.stage1.v7s.AFE) return false;
  const Fault& f = t.result.fault;
  if (f.on_table_walk || (f.stage == Stage::stage1 && f.kind == FaultKind::translation)) return false;
  const Read* leaf = nullptr;
  for (std::size_t i = 0; i < t.count; ++i) {
    if (t.reads[i].stage == Stage::stage1) leaf = &t.reads[i];
  }
  return leaf != nullptr && (leaf->descriptor >> (leaf->level == 1 ? 10 : 4) & 1) == 0;
}

std::string AArch32Comparison::data(UnicornAArch32& oracle, const WalkRequest& request) {
  ++m_counts.cases;
  m_memory.forget();
  if (m_short) return short_data(oracle, request);
  Traced ours;
  trace(m_unicorn, request, true, ours);
  const std::uint64_t par = ask(oracle, request);
  std::string problem = compare(ours, oracle, par);
  if (problem.empty()) problem = check_address_size(request, ours);
  return report(problem, request, ours, oracle, par);
}

// Unicorn checks the domain as soon as it has the level 1 descriptor, and looks for no Access flag in a
// manager domain. So it is asked a second time, with clients only, where it found no access; and what the
// architecture says follows from both answers (DDI 0487 G5.14.5, G5.14.7).
std::string AArch32Comparison::short_data(UnicornAArch32& oracle, const WalkRequest& request) {
  Traced ours;
  trace(m_unicorn, request, true, ours);
  const Domain domain = domain_of(ours);
  const bool manager = domain.known && domain.value == 3;
  const bool no_access = domain.known && (domain.value == 0 || domain.value == 2);
  // The walk that Unicorn will make comes first: it fills the memory.
  Traced expected = ours;
  if (manager) trace(m_unicorn_manager, request, true, expected);
  if (no_access) trace(m_unicorn_client, request, true, expected);
  std::uint64_t par = ask(oracle, request);
  std::string problem;
  if (manager) {
    problem = compare(expected, oracle, par);
    if (problem.empty() && clear_access_flag(expected)) {
      ++m_counts.manager_without_access_flag;
      const Fault& f = ours.result.fault;
      if (f.kind != FaultKind::access_flag || f.stage != Stage::stage1) problem = "Access flag of a manager";
    } else if (problem.empty() && !same_result(ours.result, expected.result)) {
      problem = "manager";
    }
  } else if (no_access) {
    Fault early;
    early.kind = FaultKind::domain;
    early.level = domain.by_table ? 2 : 1;
    if ((par & 1) == 0 || (par >> 1 & 0xf) != short_status(early)) problem = "Domain fault";
    if (problem.empty()) problem = same_reads(ours, domain.reads, oracle);
    if (!problem.empty()) return report(problem, request, ours, oracle, par);
    oracle.set_DACR(all_clients);
    par = ask(oracle, request);
    oracle.set_DACR(m_scenario.config.stage1.v7s.DACR);
    problem = compare(expected, oracle, par);
    const FaultKind as_client = expected.result.fault.kind;
    const bool comes_first = as_client == FaultKind::translation || as_client == FaultKind::access_flag;
    if (comes_first) ++m_counts.domain_too_early;
    const Fault& f = ours.result.fault;
    if (problem.empty() &&
        (comes_first ? !same_result(ours.result, expected.result)
                     : f.kind != FaultKind::domain || f.level != early.level || f.domain != domain.number)) {
      problem = "order of domain and other faults";
    }
  } else {
    problem = compare(ours, oracle, par);
  }
  if (problem.empty()) problem = check_address_size(request, ours);
  return report(problem, request, ours, oracle, par);
}

// Unicorn leaves address bits [47:40] of long descriptors out. So the reads of a walk without them tell where
// an Address size fault has to come first (DDI 0487 G5.5.2, G5.5.7): at a first table, level 0, when its walk
// begins; then at each table, block or page.
std::string AArch32Comparison::check_address_size(const WalkRequest& request, const Traced& unchecked) {
  const Config& c = m_scenario.config;
  const Fault& u = unchecked.result.fault;
  bool present = false;
  Stage stage = Stage::stage1;
  int level = 0;
  std::size_t reads = 0;
  const bool in_range = c.stages == Stages::stage2 || u.kind == FaultKind::none || u.stage == Stage::stage2 ||
                        unchecked.count != 0;
  if (c.stages != Stages::stage2 && !m_short && in_range &&
      (c.stage1.tables[unchecked.result.range].base & high_address) != 0) {
    present = true;
  } else if (c.stages != Stages::stage1 && unchecked.count != 0 && (c.stage2.base & high_address) != 0) {
    present = true;
    stage = Stage::stage2;
  }
  for (std::size_t i = 0; i < unchecked.count && !present; ++i) {
    const Read& r = unchecked.reads[i];
    const unsigned type = static_cast<unsigned>(r.descriptor & 3);
    if (r.size == 8 && (type == 3 || (type == 1 && r.level < 3)) && (r.descriptor & high_address) != 0) {
      present = true;
      stage = r.stage;
      level = r.level;
      reads = i + 1;
    }
  }
  Traced ours;
  trace(m_architecture, request, false, ours);
  count_fault(ours.result);
  if (!present) {
    return same_result(ours.result, unchecked.result)
               ? ""
               : "with all address bits:" + describe_result(ours.result);
  }
  ++m_counts.address_size_unchecked;
  const Fault& f = ours.result.fault;
  const bool prefix = ours.count == reads &&
                      std::equal(ours.reads.begin(), ours.reads.begin() + static_cast<std::ptrdiff_t>(reads),
                                 unchecked.reads.begin(),
                                 [](const Read& a, const Read& b) { return a.address == b.address; });
  if (f.kind == FaultKind::address_size && f.stage == stage && f.level == level && prefix) return "";
  return "expected an Address size fault of level " + std::to_string(level) + describe_result(ours.result);
}

std::string AArch32Comparison::same_reads(const Traced& ours, std::size_t count,
                                          const UnicornAArch32& oracle) const {
  auto theirs = oracle.reads().begin();
  for (std::size_t i = 0; i < count; ++i) {
    for (unsigned offset = 0; offset < ours.reads[i].size; offset += 4) {
      if (theirs == oracle.reads().end() || *theirs++ != ours.reads[i].address + offset) return "reads";
    }
  }
  return theirs == oracle.reads().end() ? "" : "reads";
}

std::string AArch32Comparison::compare(const Traced& ours, const UnicornAArch32& oracle, std::uint64_t par) {
  const std::string problem = same_reads(ours, ours.count, oracle);
  if (!problem.empty()) return problem;
  if (ours.result.ok() != ((par & 1) == 0)) return "one of both faults";
  if (m_short && ours.result.ok()) ++m_counts.short_attributes;
  return m_short_PAR ? compare_short_PAR(ours, static_cast<std::uint32_t>(par)) : compare_long_PAR(ours, par);
}

std::string AArch32Comparison::compare_short_PAR(const Traced& ours, std::uint32_t par) const {
  const Result& r = ours.result;
  if (!r.ok()) return (par >> 1 & 0x3f) == short_status(r.fault) ? "" : "fault status";
  constexpr std::uint32_t SS = 2;
  const bool super = r.block_shift == 24;
  if (super != ((par & SS) != 0)) return "supersection";
  const std::uint32_t mask = super ? 0xff000000 : 0xfffff000;
  return (par & 0xfffff000) == (static_cast<std::uint32_t>(r.output) & mask) ? "" : "output address";
}

std::string AArch32Comparison::compare_long_PAR(const Traced& ours, std::uint64_t par) {
  const Config& c = m_scenario.config;
  const Result& r = ours.result;
  const Fault& f = r.fault;
  if (!r.ok()) {
    const bool stage2 = f.stage == Stage::stage2;
    if (stage2 != ((par >> 9 & 1) != 0)) return "stage of the fault";
    if (f.on_table_walk != ((par >> 8 & 1) != 0)) return "on a table walk";
    const unsigned status = static_cast<unsigned>(par >> 1 & 0x3f);
    if (f.on_table_walk) {
      // Of stage 1's level, and with long descriptors always a Translation fault.
      int level = m_short || c.stage1.tables[r.range].TxSZ < 2 ? 1 : 2;
      for (std::size_t i = 0; i < ours.count; ++i) level += ours.reads[i].stage == Stage::stage1 ? 1 : 0;
      const unsigned unicorn = long_status(m_short ? f.kind : FaultKind::translation, level);
      if (unicorn != long_status(f.kind, f.level)) ++m_counts.table_walk_status;
      return status == unicorn ? "" : "fault status on a table walk";
    }
    return status == long_status(f.kind, f.level) ? "" : "fault status";
  }
  // Unicorn ORs RES0 bits of a block's address field into the result.
  const Leaf& leaf = c.stages == Stages::stage1 ? r.stage1 : r.stage2;
  constexpr std::uint64_t page_address = ones(40) & ~ones(12);
  const std::uint64_t RES0 = leaf.descriptor & page_address & ones(leaf.block_shift);
  if ((RES0 & ~r.output) != 0) ++m_counts.RES0_in_output;
  if (((r.output & page_address) | RES0) != (par & (ones(48) & ~ones(12)))) return "output address";
  if (m_short) return "";
  const auto memory = static_cast<std::uint8_t>(par >> 56);
  const auto SH = static_cast<Shareability>(par >> 7 & 3);
  const auto s1 = c.stages != Stages::stage2
                      ? static_cast<std::uint8_t>(c.stage1.MAIR >> (8 * (r.stage1.descriptor >> 2 & 7)))
                      : std::uint8_t{0};                     // with stage 1 off Device-nGnRnE
  if (effective_memory(s1) != s1) ++m_counts.reserved_MAIR;  // Unicorn takes them as they are
  if (c.stages == Stages::stage1) {
    if (memory != s1 || r.attributes.memory != effective_memory(s1)) return "memory attributes";
    return SH == r.attributes.SH ? "" : "shareability";  // on both sides the descriptor's
  }
  if (memory != unicorn_combination(s1, r.stage2_attributes, m_counts)) return "memory attributes";
  // Unicorn's shareability differs where its attributes do, and with stage 1 off.
  if (c.stages == Stages::stage2 || memory != r.attributes.memory) return "";
  return SH == r.attributes.SH ? "" : "shareability";
}

std::string AArch32Comparison::fetch(UnicornAArch32& oracle, const WalkRequest& request) {
  ++m_counts.cases;
  m_memory.forget();
  const V7sConfig& v = m_scenario.config.stage1.v7s;
  const Stage1Config& s1 = m_scenario.config.stage1;
  Traced ours;
  trace(m_unicorn, request, true, ours);
  const Domain domain = m_short ? domain_of(ours) : Domain();
  const bool manager = domain.known && domain.value == 3 && v.AFE;
  Traced expected = ours;
  if (manager) trace(m_unicorn_manager, request, true, expected);
  oracle.forget();
  const bool allowed = oracle.fetch(request.privileged, request.va);
  std::string problem;
  if (expected.result.ok() != allowed) problem = allowed ? "allowed" : "refused";
  if (problem.empty() && manager && clear_access_flag(expected)) {
    ++m_counts.manager_without_access_flag;
    if (ours.result.fault.kind != FaultKind::access_flag) problem = "Access flag of a manager";
  }

  // With short descriptors Unicorn knows neither WXN nor UWXN: what can be written it says itself.
  const bool checks_WXN = m_short && (s1.WXN || s1.UWXN) && ours.result.ok();
  if (problem.empty() && checks_WXN) {
    Traced architecture;
    trace(m_architecture, request, false, architecture);
    count_fault(architecture.result);
    const bool pw = (oracle.stage1_short(true, true, request.va) & 1) == 0;
    const bool uw = (oracle.stage1_short(false, true, request.va) & 1) == 0;
    const bool client = domain.value == 1;
    const bool forbidden =
        client && ((s1.WXN && (request.privileged ? pw : uw)) || (s1.UWXN && request.privileged && uw));
    if (forbidden) ++m_counts.short_WXN_unchecked;
    const Fault& f = architecture.result.fault;
    if (f.kind != (forbidden ? FaultKind::permission : FaultKind::none)) problem = "WXN and UWXN";
  } else if (problem.empty()) {
    problem = check_address_size(request, ours);
  }
  return report(problem, request, ours, oracle, allowed ? 0 : 1);
}

std::string AArch32Comparison::report(const std::string& problem, const WalkRequest& request,
                                      const Traced& ours, const UnicornAArch32& oracle,
                                      std::uint64_t answer) const {
  if (problem.empty()) return "";
  std::ostringstream s;
  s << problem << std::hex << ": va " << request.va << " access " << static_cast<int>(request.access)
    << " privileged " << request.privileged << " PAR " << answer << describe_result(ours.result) << " [reads";
  for (std::size_t i = 0; i < ours.count; ++i) {
    s << " " << ours.reads[i].address << "=" << ours.reads[i].descriptor;
  }
  s << "] [Unicorn:";
  for (const std::uint64_t a : oracle.reads()) s << " " << a;
  s << "] " << describe(m_scenario);
  return s.str();
}

}  // namespace smmuvp::pgtable::test
