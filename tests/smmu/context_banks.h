// A second client of the engine: translation by context banks, as SMMUv2 has it (IHI 0062), without its
// registers. Banks are filled in decoded; faults, stalls and maintenance are told as the bank's registers
// would tell them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/memory_op.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/splitter.h"
#include "smmuvp/smmu/stall_table.h"
#include "smmuvp/smmu/translation.h"

namespace smmuvp::smmu::banks {

/// Doublewords; those that nobody wrote are 0.
class Memory {
 public:
  /// Reads, and writes of a Builder.
  pgtable::MemoryResponse operator()(const pgtable::MemoryOp& op) {
    if (op.kind == pgtable::MemoryOpKind::write) {
      std::uint64_t& word = m_words[op.address & ~std::uint64_t{7}];
      word = (word & ~(mask_of(op) << shift_of(op))) | op.desired << shift_of(op);
    }
    return read(op);
  }
  pgtable::MemoryResponse read(const pgtable::MemoryOp& op) const {
    return {MemoryStatus::ok, word(op.address) >> shift_of(op) & mask_of(op)};
  }
  MemoryAnswer operator()(const MemoryOp& op) const {
    MemoryAnswer a;
    a.time = op.time;
    if (m_aborts.count(op.address) != 0) a.status = MemoryStatus::external_abort;
    store_word(a.data, 0, word(op.address) >> 8U * (op.address & 4U));
    return a;
  }
  void abort_at(std::uint64_t address) { m_aborts.insert(address); }

 private:
  std::uint64_t word(std::uint64_t address) const {
    const auto found = m_words.find(address & ~std::uint64_t{7});
    return found == m_words.end() ? 0 : found->second;
  }
  static std::uint64_t mask_of(const pgtable::MemoryOp& op) {
    return op.size == 4 ? 0xffff'ffffU : ~std::uint64_t{0};
  }
  static unsigned shift_of(const pgtable::MemoryOp& op) { return op.size == 4 ? 8U * (op.address & 4U) : 0U; }

  std::map<std::uint64_t, std::uint64_t> m_words;
  std::set<std::uint64_t> m_aborts;
};

/// CBAR.TYPE (10.2.1), but for the one that always faults.
enum class Type : std::uint8_t { stage2 = 0, stage1 = 1, nested = 3 };

// Bits of FSR (16.5.9)
constexpr std::uint32_t FSR_TF = 1U << 1;
constexpr std::uint32_t FSR_AFF = 1U << 2;
constexpr std::uint32_t FSR_PF = 1U << 3;
constexpr std::uint32_t FSR_EF = 1U << 4;
constexpr std::uint32_t FSR_ASF = 1U << 7;
constexpr std::uint32_t FSR_SS = 1U << 30;
constexpr std::uint32_t FSR_MULTI = 1U << 31;
// Fields of FSYNR0 (16.5.11, 17.3.1); PLVL is [1:0], S1CBNDX [23:16]
constexpr std::uint32_t FSYNR0_NESTED = 1U << 2;
constexpr std::uint32_t FSYNR0_S1PTWF = 1U << 3;
constexpr std::uint32_t FSYNR0_WNR = 1U << 4;
constexpr std::uint32_t FSYNR0_PNU = 1U << 5;
constexpr std::uint32_t FSYNR0_IND = 1U << 6;
constexpr std::uint32_t FSYNR0_PTWF = 1U << 10;

/// A context bank with its CBAR and CBA2R. Members before the state may be set at any time.
struct Bank {
  Type TYPE = Type::stage1;
  bool VA64 = true;
  std::uint16_t VMID = 0;
  std::uint16_t ASID = 0;  ///< of the TTBR that TCR.A1 names, or of CONTEXTIDR
  unsigned CBNDX = 0;      ///< nested: the bank of stage 2
  bool M = true;
  bool HUPCF = false;
  bool CFCFG = false;  ///< stall
  bool CFRE = true;
  pgtable::Stage1Config stage1;  ///< or stage 2, as TYPE says
  pgtable::Stage2Config stage2;

  std::uint32_t FSR = 0;
  std::uint32_t FSYNR0 = 0;
  std::uint64_t FAR = 0;
  std::uint64_t IPAFAR = 0;
  std::uint32_t CBFRSYNRA = 0;
  /// What the maintenance of this bank, and its TLBSYNC, waits for.
  InFlight::Barrier maintained = 0;
  InFlight::Barrier synchronising = 0;
  std::optional<StallTable<int>::Tag> stalled;
};

/// A client's transaction: all that waits with it while it stalls.
struct Transaction {
  std::uint32_t id = 0;
  unsigned bank = 0;
  AccessRequest request;
  Splitter parts;

  void visit(Archive& archive) {
    archive.value("id", id);
    archive.value("bank", bank);
    archive.value("address", request.address);
    parts.visit(archive);
  }
};

/// A part of a transaction that has gone downstream.
struct Forwarded {
  std::uint64_t output;
  std::uint64_t length;
  Attributes attributes;
  bool hit;
};

/// What a client sees of its transaction.
struct Seen {
  std::vector<Forwarded> parts;
  std::optional<Outcome> end;       ///< none: under way, or stalled
  pgtable::Fault fault;             ///< the last one that it met
  std::optional<unsigned> faulted;  ///< the bank that the fault is of, recorded or not
};

class Smmu {
 public:
  using Id = std::uint32_t;

  using MemoryPort = std::function<MemoryAnswer(const MemoryOp&)>;

  explicit Smmu(unsigned banks, MemoryPort memory)
      : m_memory(std::move(memory)),
        m_banks(banks),
        m_tracer(nullptr, "smmu0"),
        m_engine(untimed(), m_tracer),
        m_stalls(banks, 1) {}
  static EngineStructures untimed() {
    EngineStructures s;
    s.timing = false;
    return s;
  }

  std::map<std::uint32_t, unsigned> S2CR;  ///< the stream mapping: StreamID to bank

  Bank& bank(unsigned n) { return m_banks[n]; }
  Engine& engine() { return m_engine; }

  // ---- clients

  /// A transaction of `length` bytes arrives. Goes on with step() or run().
  Id arrive(const AccessRequest& request, std::uint64_t length = 1) {
    const auto id = static_cast<Id>(m_seen.size());
    m_seen.emplace_back();
    go({id, S2CR.at(request.stream_id), request, Splitter(request.address, length, length)});
    return id;
  }
  /// Goes on with a transaction until it has had one answer from memory, or ends, or stalls.
  /// @return whether it is still under way
  bool step(Id id) {
    const auto flight = m_flights.find(id);
    if (flight == m_flights.end()) return false;
    advance(*flight->second);
    return m_flights.count(id) != 0;
  }
  void run() {
    while (!m_flights.empty()) step(m_flights.begin()->first);
  }
  const Seen& seen(Id id) const { return m_seen[id]; }
  const Seen& access(const AccessRequest& request, std::uint64_t length = 1) {
    const Id id = arrive(request, length);
    run();
    return m_seen[id];
  }

  // ---- registers of bank n, by name

  /// Ones clear, but for SS.
  void write_FSR(unsigned n, std::uint32_t value) { m_banks[n].FSR &= ~(value & ~FSR_SS); }
  /// RESUME.TnR: 1 terminates the transaction that was recorded. All others that wait for the bank are looked
  /// at afresh (3.7.3, WaitForWriteToResume).
  void RESUME(unsigned n, bool TnR) {
    Bank& b = m_banks[n];
    if (!b.stalled) return;
    m_stalls.resolve(n, *b.stalled, TnR ? StallAnswer::terminate : StallAnswer::retry);
    m_stalls.resolve_all(n, StallAnswer::retry);
    b.stalled.reset();
    b.FSR &= ~FSR_SS;
    while (auto resolved = m_stalls.take_resolved()) {
      if (resolved->answer == StallAnswer::retry) {
        go(std::move(resolved->payload));
      } else {
        kill(resolved->payload.id, b);
      }
    }
  }
  void TLBIALL(unsigned n) { maintain(n, of_stage1(m_banks[n].VMID), "TLBIALL"); }
  void TLBIASID(unsigned n, std::uint32_t value) {
    Invalidation what = of_stage1(m_banks[n].VMID);
    what.asid = static_cast<std::uint16_t>(value & (m_banks[n].VA64 ? 0xffffU : 0xffU));
    what.asid_spares_global = true;
    maintain(n, what, "TLBIASID");
  }
  /// @param bytes  of the write; what the other half has is no part of it (16.5.32)
  void TLBIVA(unsigned n, std::uint64_t value, unsigned bytes) { by_va(n, value, bytes, true, false); }
  void TLBIVAL(unsigned n, std::uint64_t value, unsigned bytes) { by_va(n, value, bytes, true, true); }
  void TLBIVAA(unsigned n, std::uint64_t value, unsigned bytes) { by_va(n, value, bytes, false, false); }
  void TLBIVAAL(unsigned n, std::uint64_t value, unsigned bytes) { by_va(n, value, bytes, false, true); }
  void TLBIIPAS2(unsigned n, std::uint64_t value) {  // 17.3.4
    const std::uint64_t bits = m_banks[n].VA64 ? 36 : 28;
    const std::uint64_t ipa = (value & ((std::uint64_t{1} << bits) - 1)) << 12;
    Invalidation what = of(m_banks[n].VMID);
    what.stages = mask_of(pgtable::Stages::stage2);
    what.range = {ipa, ipa};
    maintain(n, what, "TLBIIPAS2");
  }
  void TLBSYNC(unsigned n) { m_banks[n].synchronising = m_banks[n].maintained; }
  /// TLBSTATUS.SACTIVE
  bool SACTIVE(unsigned n) { return !m_engine.in_flight().done(m_banks[n].synchronising); }

  // ---- global registers

  void TLBIVMID(std::uint16_t VMID) { maintain(of(VMID), "TLBIVMID"); }
  void TLBIVMIDS1(std::uint16_t VMID) { maintain(of_stage1(VMID), "TLBIVMIDS1"); }
  void TLBIALLNSNH() {
    Invalidation what = of(0);
    what.vmid.reset();
    maintain(what, "TLBIALLNSNH");
  }
  /// Of this security state, maintenance of banks included (5.4.2).
  void TLBGSYNC() { m_synchronising = m_maintained; }
  bool GSACTIVE() { return !m_engine.in_flight().done(m_synchronising); }

  void reset() {
    m_engine.reset();
    m_stalls.resolve_all(StallAnswer::abort);
    while (const auto resolved = m_stalls.take_resolved()) m_seen[resolved->payload.id].end = Outcome::abort;
    for (const auto& [id, flight] : m_flights) m_seen[id].end = Outcome::abort;
    m_flights.clear();
    for (Bank& b : m_banks) {
      b.FSR = 0;
      b.stalled.reset();
    }
  }

  /// What bank n makes of addresses now; nothing: they pass. SCTLR.M is not cached (16.5.29).
  std::optional<pgtable::Config> config_of(unsigned n) const {
    const Bank& b = m_banks[n];
    const Bank& second = m_banks[b.TYPE == Type::nested ? b.CBNDX : n];
    const bool stage1 = b.TYPE != Type::stage2 && b.M;
    const bool stage2 = b.TYPE != Type::stage1 && second.M;
    if (!stage1 && !stage2) return std::nullopt;
    pgtable::Config c;
    c.stages = !stage2   ? pgtable::Stages::stage1
               : !stage1 ? pgtable::Stages::stage2
                         : pgtable::Stages::nested;
    c.stage1 = b.stage1;
    c.stage1.v7s.DACR = 0x5555'5555;  // 1.5.1: there are no domains, all are clients
    c.stage2 = second.stage2;
    return c;
  }
  static pgtable::AccessType access_type(const AccessRequest& r) {
    if (r.kind == AccessKind::write) return pgtable::AccessType::write;
    if (r.kind == AccessKind::atomic) return pgtable::AccessType::read_write;
    return r.instruction ? pgtable::AccessType::execute : pgtable::AccessType::read;
  }

 private:
  struct Flight {
    Flight(Transaction t, FlightToken in) : transaction(std::move(t)), token(in) {}
    Transaction transaction;
    FlightToken token;
    std::optional<Translation> translation;  // of the next part
    std::optional<pgtable::Stages> stages;   // none: it passes
  };
  enum class Check : std::uint8_t { passed, waits, killed };
  static constexpr std::uint8_t regime = 0;  // Non-secure EL1&0

  void go(Transaction transaction) {
    const Id id = transaction.id;
    m_flights[id] = std::make_unique<Flight>(std::move(transaction), m_engine.in_flight().enter(0));
  }
  // Leaves, to end or to wait.
  Transaction leave(Id id) {
    Transaction t = std::move(m_flights[id]->transaction);
    m_engine.in_flight().leave(m_flights[id]->token, t.request.time);
    m_flights.erase(id);
    return t;
  }
  void kill(Id id, const Bank& b) { m_seen[id].end = b.CFRE ? Outcome::abort : Outcome::razwi; }
  void wait_for(unsigned n, Id id) {
    // The first to stall has the tag: RESUME names none. Who comes after it waits for one that it never gets.
    Bank& b = m_banks[n];
    const auto tag = m_stalls.insert(n, leave(id));
    if (tag) b.stalled = *tag;
  }

  // RequestBufferStateMachine (3.7.3), one answer of memory at a time.
  void advance(Flight& f) {
    const Id id = f.transaction.id;
    if (!f.translation && !start_part(f)) return;
    if (f.stages) {
      if (f.translation->step() == Step::need) {
        f.translation->complete(m_memory(f.translation->op()));
        return;
      }
      if (!f.translation->ok()) return faulted(f, f.translation->fault());
    }
    forward(f);
    if (f.transaction.parts.done()) {
      leave(id);
      m_seen[id].end = Outcome::forward;
    }
  }
  // @return whether it goes on now
  bool start_part(Flight& f) {
    Transaction& t = f.transaction;
    const Bank& b = m_banks[t.bank];
    t.request.address = t.parts.address();
    Check check = check_for_faults(t.bank, t.id);
    if (check == Check::passed && b.TYPE == Type::nested) check = check_for_faults(b.CBNDX, t.id);
    if (check != Check::passed) return false;
    if (!b.VA64 && b.TYPE != Type::stage2 && t.request.address > 0xffff'ffff) {  // 3.8.4
      pgtable::Fault fault;
      fault.kind = pgtable::FaultKind::translation;
      fault.level = 1;
      fault.va = t.request.address;
      fault.privileged = t.request.privileged;
      fault.access = access_type(t.request);
      faulted(f, fault);
      return false;
    }
    const auto config = config_of(t.bank);
    if (!config) return true;
    f.stages = config->stages;
    TranslationContext context;
    context.setup = pgtable::WalkSetup(*config);
    context.tag = {regime, config->stages, 0, b.VMID, 0};
    if (config->stages != pgtable::Stages::stage2) context.tag.asid = b.ASID;
    TranslationRequest request;
    request.address = t.request.address;
    request.access = access_type(t.request);
    request.privileged = t.request.privileged;
    request.time = t.request.time;
    request.generation = m_engine.generation();
    f.translation.emplace(m_engine, context, request);
    return true;
  }
  void forward(Flight& f) {
    Transaction& t = f.transaction;
    Forwarded out{t.request.address, 0, t.request.attributes, false};
    std::uint8_t shift = 48;
    if (f.stages) {
      const TlbEntry& entry = f.translation->entry();
      out.output = f.translation->output();
      out.hit = f.translation->hit();
      out.attributes = *f.stages == pgtable::Stages::stage2
                           ? pgtable::combine(t.request.attributes, entry.stage2_attributes, false)
                           : entry.attributes;
      shift = f.translation->shift();
    }
    out.length = t.parts.take(shift).length;
    m_seen[t.id].parts.push_back(out);
    f.translation.reset();
    f.stages.reset();
  }

  // CheckForFaultsInBank (3.7.3)
  Check check_for_faults(unsigned n, Id id) {
    const Bank& b = m_banks[n];
    if (b.FSR == 0 || b.HUPCF) return Check::passed;
    if ((b.FSR & FSR_SS) != 0) {
      wait_for(n, id);
      return Check::waits;
    }
    leave(id);
    kill(id, b);
    return Check::killed;
  }
  void faulted(Flight& f, const pgtable::Fault& fault) {
    const Transaction& t = f.transaction;
    const bool second = fault.stage == pgtable::Stage::stage2 && m_banks[t.bank].TYPE == Type::nested;
    const unsigned n = second ? m_banks[t.bank].CBNDX : t.bank;
    Bank& b = m_banks[n];
    const Id id = t.id;
    m_seen[id].fault = fault;
    m_seen[id].faulted = n;
    if (b.FSR != 0) {
      if ((b.FSR & FSR_SS) != 0) return wait_for(n, id);
      if (b.HUPCF) b.FSR |= FSR_MULTI;
      leave(id);
      return kill(id, b);
    }
    record(b, t, fault);
    if (b.CFCFG) {
      b.FSR |= FSR_SS;
      return wait_for(n, id);
    }
    leave(id);
    kill(id, b);
  }
  void record(Bank& b, const Transaction& t, const pgtable::Fault& fault) {
    const bool nested = b.TYPE == Type::stage2 && m_banks[t.bank].TYPE == Type::nested;
    unsigned level = fault.level < 0 ? 0U : static_cast<unsigned>(fault.level);
    // 17.3.1: an IPA out of range is of level 1
    if (b.TYPE == Type::stage2 && fault.level < b.stage2.start_level && fsr_of(fault.kind) == FSR_TF)
      level = 1;
    b.FSR = fsr_of(fault.kind);
    b.FSYNR0 = level;
    if (nested) b.FSYNR0 |= FSYNR0_NESTED | t.bank << 16;
    if (nested && fault.on_table_walk) b.FSYNR0 |= FSYNR0_S1PTWF;
    if (is_missing_write(fault)) b.FSYNR0 |= FSYNR0_WNR;
    if (fault.privileged) b.FSYNR0 |= FSYNR0_PNU;
    if (fault.access == pgtable::AccessType::execute) b.FSYNR0 |= FSYNR0_IND;
    if (b.FSR == FSR_EF) b.FSYNR0 |= FSYNR0_PTWF;
    b.FAR = fault.va;
    b.IPAFAR = b.TYPE == Type::stage2 ? fault.ipa : 0;
    b.CBFRSYNRA = t.request.stream_id;
  }
  static std::uint32_t fsr_of(pgtable::FaultKind kind) {
    switch (kind) {
      case pgtable::FaultKind::translation:
        return FSR_TF;
      case pgtable::FaultKind::address_size:
        return FSR_ASF;
      case pgtable::FaultKind::access_flag:
        return FSR_AFF;
      case pgtable::FaultKind::permission:
        return FSR_PF;
      case pgtable::FaultKind::external_abort:
      case pgtable::FaultKind::unsupported_atomic:
        return FSR_EF;
      default:
        return 0;  // none is left: all domains are clients, and banks have Configs that can be walked
    }
  }
  // WNR: of an atomic, the permission that is missing; Read where both are, or with any other fault (17.3.1).
  static bool is_missing_write(const pgtable::Fault& fault) {
    if (fault.access != pgtable::AccessType::read_write) return fault.access == pgtable::AccessType::write;
    return fault.kind == pgtable::FaultKind::permission &&
           pgtable::check_permission(fault.rights, pgtable::AccessType::read, fault.privileged) !=
               pgtable::PermissionCheck::denied;
  }

  static Invalidation of(std::uint16_t VMID) {
    Invalidation what;
    what.regime = regime;
    what.vmid = VMID;
    return what;
  }
  // All that holds stage 1 information (5.4.1).
  static Invalidation of_stage1(std::uint16_t VMID) {
    Invalidation what = of(VMID);
    what.stages = mask_of(pgtable::Stages::stage1) | mask_of(pgtable::Stages::nested);
    return what;
  }
  void by_va(unsigned n, std::uint64_t value, unsigned bytes, bool asid, bool leaf) {
    const Bank& b = m_banks[n];
    if (bytes == 4 || !b.VA64) value &= 0xffff'ffff;
    Invalidation what = of_stage1(b.VMID);
    std::uint64_t va = value & 0xffff'f000;
    if (b.VA64) va = static_cast<std::uint64_t>(static_cast<std::int64_t>(value << 20) >> 8) & ~0xfffULL;
    what.range = {va, va};
    if (asid) what.asid = static_cast<std::uint16_t>(b.VA64 ? value >> 48 : value & 0xff);
    what.leaf = leaf;
    maintain(n, what, asid ? "TLBIVA" : "TLBIVAA");
  }
  void maintain(const Invalidation& what, const char* name) {
    m_engine.invalidate(what, name, 0);
    m_maintained = m_engine.in_flight().barrier();
  }
  void maintain(unsigned n, const Invalidation& what, const char* name) {
    maintain(what, name);
    m_banks[n].maintained = m_maintained;
  }

  MemoryPort m_memory;
  std::vector<Bank> m_banks;
  Tracer m_tracer;
  Engine m_engine;
  StallTable<Transaction> m_stalls;
  InFlight::Barrier m_maintained = 0;
  InFlight::Barrier m_synchronising = 0;
  std::map<Id, std::unique_ptr<Flight>> m_flights;
  std::vector<Seen> m_seen;
};

}  // namespace smmuvp::smmu::banks
