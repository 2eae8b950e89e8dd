// Runs a string of bytes as software and devices around an SMMUv2 core: registers of both Security states,
// memory contents, accesses that interleave, resumes, resets, checkpoints. Used by the fuzzer and by an
// ordinary test.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include "smmuv2_bench.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2 {

class SmmuV2Driver {
 public:
  /// Whether checkpoints are taken, compared, damaged and loaded at any moment. They take most of an input's
  /// time.
  enum class Checkpoints : std::uint8_t { none, many };
  /// @param most_steps  what follows them is ignored
  SmmuV2Driver(FuzzBench& bench, const std::uint8_t* data, std::size_t size, Checkpoints checkpoints,
               unsigned most_steps = 1000)
      : m_memory(bench.memory),
        m_data(data),
        m_size(size),
        m_checkpoints(checkpoints == Checkpoints::many),
        m_most_steps(most_steps) {
    const std::uint8_t flags = byte();
    // Most inputs are of few sets of features, so that few SMMUs are made.
    FeatureBits bits = flags & 7U;
    if ((flags & 0x30) == 0x30) bits = static_cast<FeatureBits>(bits | (number(2) & number(2)));
    m_own = &bench.smmu(bits, (flags & 8) != 0);
    m_smmu = &m_own->smmu();
    m_memory.clear();
    m_banks = m_smmu->features().window_bytes() / 2;
    m_page = m_smmu->features().page_bytes();
    if ((flags & 64) != 0) enable();
    if ((flags & 128) != 0) {
      plausible_tables();
      for (unsigned bank = 0; bank < 8; ++bank) plausible_bank(bank);
    }
  }

  /// Everything, to the end of the input and until all is at rest.
  void run() {
    for (unsigned i = 0; i < m_most_steps && m_at < m_size; ++i) step();
    drain();
  }
  Smmu& smmu() { return *m_smmu; }

 private:
  static void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
  }
  std::uint8_t byte() { return m_at < m_size ? m_data[m_at++] : std::uint8_t{0}; }
  std::uint64_t number(unsigned bytes) {
    std::uint64_t v = 0;
    for (unsigned i = 0; i < bytes; ++i) v |= std::uint64_t{byte()} << (8 * i);
    return v;
  }
  /// Numbers as software writes them.
  std::uint64_t likely() {
    const std::uint8_t how = byte();
    switch (how & 7) {
      case 0:
        return how >> 3;
      case 1:
        return ~0ULL;
      case 2:
        return 1ULL << (byte() & 63);
      case 3:
        return number(2);
      default:
        return number(8);
    }
  }

  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4, bool secure = true) {
    m_smmu->interface().write(offset, bytes, secure ? AccessSecurity::Secure : AccessSecurity::NonSecure,
                              m_now, value);
  }
  void write_bank(unsigned bank, std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    write(m_banks + bank * m_page + offset, value, bytes);
  }
  std::uint64_t peek(std::uint32_t offset, unsigned bytes = 4) {
    std::uint64_t v = 0;
    m_smmu->interface().peek(offset, bytes, AccessSecurity::Secure, v);
    return v;
  }
  /// Streams 0 to 7 by groups of their number; each has a bank of its own.
  void enable() {
    for (std::uint32_t n = 0; n < 8; ++n) {
      write(0x800 + 4 * n, 1U << 31 | n);
      write(0xc00 + 4 * n, n);
    }
    const std::uint32_t CR0 = 1U << 1 | 1U << 2 | 1U << 4 | 1U << 5 | 1U << 10 | 1U << 21;
    write(0, CR0, 4, false);
    write(0, CR0, 4, true);
    write(4, 6U | 6U << 8 | 4U << 16);  // SCR1: two banks and groups are Secure
  }
  /// Any format and stage; tables where plausible_tables() has them.
  void plausible_bank(unsigned bank) {
    const std::uint8_t how = byte();
    const std::uint8_t control = byte();
    const std::uint32_t types[] = {1, 1, 1, 1, 0, 3, 3, 2};
    const std::uint32_t TYPE = types[how & 7U];
    const bool VA64 = (how & 0x18) != 0;
    write(m_page + 0x800 + 4 * bank, (VA64 ? 1U : 0U) | ((how & 0xe0) == 0xe0 ? 2U : 0U));
    const std::uint32_t of_type = TYPE == 1   ? 0xf300U | ((how & 0xe0) == 0xc0 ? 1U << 10 : 0U)
                                  : TYPE == 3 ? 4U << 8
                                              : 0U;
    write(m_page + 4 * bank, TYPE << 16 | of_type | (bank & 1U) | std::uint32_t{how & 3U} << 24);
    if (TYPE == 0) {  // 30-bit IPAs from level 2
      write_bank(bank, 0x30, VA64 ? 34U | 5U << 16 | (how & 0x20U) << 16 : 2U);
      write_bank(bank, 0x20, 0x8000, 8);
    } else if (VA64) {
      write_bank(bank, 0x10, 5U | 1U << 4 | 7U << 15 | std::uint32_t{byte()} << 10);
      write_bank(bank, 0x30, 25U | 25U << 16 | 2U << 30 | std::uint32_t{control & 1U} << 7);
      write_bank(bank, 0x20, 0xa000 | (std::uint64_t{bank} & 3U) << 48, 8);
      write_bank(bank, 0x28, 0xa000, 8);
    } else {
      write_bank(bank, 0x30, (how & 0x20) != 0 ? 1U << 31 : 0U);
      write_bank(bank, 0x20, 0xa000, (how & 0x20) != 0 ? 8 : 4);
      write_bank(bank, 0x34, bank & 3U);
    }
    write_bank(bank, 0x38, number(4));
    write_bank(bank, 0x58, ~0U);
    // M, CFRE, CFIE; CFCFG and HUPCF as it comes
    write_bank(bank, 0, 1U | 6U | 3U << 5 | std::uint32_t{control & 6U} << 6);
  }
  /// Tables of both stages that map some of memory: IPAs mostly to themselves.
  void plausible_tables() {
    const std::uint64_t leaf = 0x403 | ((byte() & 1) != 0 ? 0xfcU : (std::uint64_t{byte()} << 2 & 0xfcU));
    m_memory.put(0x8000, 0x9003);  // stage 2, level 2
    for (std::uint64_t i = 0; i < 16; ++i) m_memory.put(0x9000 + 8 * i, i << 12 | leaf | 0xc0);
    m_memory.put(0xa000, 0xb003);  // stage 1, levels 1 and 2; the last entries are of the high range
    m_memory.put(0xaff8, 0xb003);
    m_memory.put(0xb000, 0xc003);
    m_memory.put(0xbff8, 0xc003);
    const std::uint8_t how = byte();
    for (std::uint64_t i = 0; i < 16; ++i) {
      m_memory.put(0xc000 + 8 * i,
                   ((i * 7 + how) & 15U) << 12 | 0x403 | (std::uint64_t{byte()} << 4 & 0x8c0U));
    }
  }

  smmu::MemoryAnswer answer(const smmu::MemoryOp& op, bool abort) {
    smmu::MemoryAnswer a;
    require(op.size == 4 || op.size == 8, "an operation is of a descriptor");
    require(op.address % op.size == 0, "an operation is aligned");
    require(m_damaged || op.address >> 48 == 0, "an operation is within the physical address space");
    a.time = op.time + 5;
    if (abort) {
      a.status = smmu::MemoryStatus::external_abort;
      return a;
    }
    if (op.kind == smmu::MemoryOpKind::compare_and_swap) {
      require(m_damaged || (op.size == 8 && m_smmu->features().HAFDBS != 0),
              "what is swapped is a descriptor");
      if ((op.address & 0xff) == 8) {  // memory of which some has no atomics
        a.status = smmu::MemoryStatus::unsupported_atomic;
        return a;
      }
    }
    require(op.kind != smmu::MemoryOpKind::write, "nothing is written but by compare and swap");
    m_memory.read(op.address, a.data.data(), op.size);
    if (op.kind == smmu::MemoryOpKind::compare_and_swap && smmu::load_word(a.data, 0) == op.expected) {
      m_memory.write(op.address, op.data.data(), op.size);
    }
    return a;
  }

  struct Running {
    Running(Smmu& smmu, const smmu::AccessRequest& r)
        : access(smmu, r), non_secure(r.space != smmu::AddressSpace::secure) {}
    explicit Running(Smmu& smmu) : access(smmu) {}
    Access access;
    bool non_secure = false;
    unsigned steps = 0;
  };
  /// @return whether it is over
  bool advance(Running& r, bool abort) {
    const smmu::Step step = r.access.step();
    if (step == smmu::Step::stalled) {
      r.steps = 0;  // it may be retried
      return false;
    }
    if (step == smmu::Step::done) {
      check_answer(r.access.answer(), r.non_secure);
      return true;
    }
    if (step == smmu::Step::need) r.access.complete(answer(r.access.op(), abort));
    require(++r.steps < 200, "an access ends");
    return false;
  }
  void check_answer(const smmu::AccessAnswer& a, bool non_secure) {
    if (a.outcome != smmu::Outcome::forward || m_damaged) return;
    // What none of the SMMU's Security states is about is not looked at (7.2).
    require(a.output >> m_smmu->features().OAS == 0, "an output address is within OAS");
    require(a.region_shift < 64, "a region has a size");
    const bool table = m_smmu->features().SSDTP != 0;  // which may call any stream Secure
    require(table || !non_secure || a.space == smmu::AddressSpace::non_secure, "what is Non-secure stays so");
  }
  /// A stalled access waits for RESUME, which comes for each bank in turn.
  void finish(Running& r) {
    for (unsigned i = 0; i < 10'000; ++i) {
      if (advance(r, false)) return;
      if (r.steps == 0) resume(static_cast<unsigned>(i % 8), (i & 8) != 0);
    }
    require(false, "an access ends after RESUME");
  }
  void run_whole(const smmu::AccessRequest& request) {
    smmu::AccessAnswer a;
    if (m_smmu->translate_fast(request, a)) {
      check_answer(a, request.space != smmu::AddressSpace::secure);
      m_smmu->engine().in_flight().leave(m_smmu->engine().in_flight().enter(request.time), a.time);
      return;
    }
    Running r(*m_smmu, request);
    for (unsigned i = 0; i < 300; ++i) {
      if (advance(r, false) || r.steps == 0) return;  // a stalled one goes
    }
    require(false, "an access ends or stalls");
  }
  void resume(unsigned bank, bool terminate) {
    write_bank(bank, 0x58, ~0U);
    write_bank(bank, 0x08, terminate ? 1 : 0);
  }

  smmu::AccessRequest request() {
    smmu::AccessRequest r;
    const std::uint8_t how = byte();
    r.stream_id = (how & 7U) | ((how & 0xf8) == 0xf8 ? std::uint32_t{byte()} << 8U : 0U);
    r.kind = static_cast<smmu::AccessKind>(how >> 3 & 3U);
    r.privileged = (how & 32) != 0;
    r.instruction = (how & 64) != 0;
    if ((how & 128) != 0) r.space = smmu::AddressSpace::secure;
    const std::uint8_t where = byte();
    r.address = std::uint64_t{where & 15U} << 12 | (where & 0xf0U);
    if ((where & 0xc0) == 0xc0) r.address = (where & 1U) != 0 ? likely() : r.address | ~0ULL << 39;
    r.debug = (byte() & 31) == 1;
    r.time = m_now;
    if ((byte() & 7) == 1) r.attributes = {static_cast<std::uint8_t>(byte()), smmu::Shareability::inner};
    return r;
  }

  void step() {
    m_now += byte() & 15U;
    m_smmu->prune(m_now);
    switch (byte() & 15) {
      case 0:
      case 1: {  // a register, or any place
        const std::uint8_t which = byte();
        const bool any = which >= 250;
        const auto& table = m_smmu->interface().registers().table();
        const RegisterInfo& info = table[(which | std::uint32_t{byte()} << 8U) % table.size()];
        const std::uint32_t element = info.count > 1 ? byte() % info.count : 0;
        const std::uint32_t stride = info.stride != 0 ? info.stride : info.bytes;
        const std::uint32_t offset =
            any ? static_cast<std::uint32_t>(number(3)) % (2 * m_banks) : info.offset + element * stride;
        const unsigned bytes = any ? 1U << (byte() & 3) : info.bytes;
        const std::uint8_t how = byte();
        const auto security = (how & 2) != 0 ? AccessSecurity::Secure : AccessSecurity::NonSecure;
        if ((how & 1) != 0) {
          m_smmu->interface().write(offset, bytes, security, m_now, likely());
        } else {
          std::uint64_t v = 0;
          m_smmu->interface().read(offset, bytes, security, m_now, v);
        }
        break;
      }
      case 2:
        m_memory.put(number(2) & 0xfff8, likely());
        break;
      case 3:
        plausible_bank(byte() & 7);
        break;
      case 4: {  // maintenance, and its synchronisation
        static constexpr std::uint16_t global[] = {0x60, 0x64, 0x68, 0x6c, 0x70, 0x78, 0xb8, 0xbc};
        static constexpr std::uint16_t of_bank[] = {0x600, 0x608, 0x610, 0x618, 0x620, 0x628, 0x630, 0x7f0};
        const std::uint8_t how = byte();
        if ((how & 8) != 0) {
          write(global[how & 7U], byte() & 3U, 4, (how & 16) != 0);
        } else {
          write_bank(byte() & 7, of_bank[how & 7U], std::uint64_t{how >> 4 & 3U} << 48 | (how >> 6 & 3U), 8);
        }
        break;
      }
      case 5: {  // address translation operations
        const std::uint8_t how = byte();
        const std::uint64_t address = std::uint64_t{byte() & 31U} << 12;
        if ((how & 1) != 0) {
          write(0x100 + 8 * (how >> 1 & 7U), address | (how >> 4 & 9U), 8, (how & 64) != 0);
        } else {
          write_bank(how >> 3 & 7U, 0x800 + 8 * (how >> 1 & 3U), address, 8);
        }
        break;
      }
      case 6:
        run_whole(request());
        break;
      case 7:  // an access begins
        for (auto& r : m_accesses) {
          if (r) continue;
          r.emplace(*m_smmu, request());
          break;
        }
        break;
      case 8:
      case 9:  // one goes on
        if (any_access()) {
          std::size_t i = byte() % m_accesses.size();
          while (!m_accesses[i]) i = (i + 1) % m_accesses.size();
          if (advance(*m_accesses[i], byte() == 7)) m_accesses[i].reset();
        }
        break;
      case 10:
        compare_paths();
        break;
      case 11:
        for (smmu::Worker* worker : m_smmu->workers()) work_on(*worker, byte() == 7);
        break;
      case 12: {
        const std::uint8_t how = byte();
        resume(how & 7U, (how & 8) != 0);
        break;
      }
      case 13:
        plausible_tables();
        break;
      default:
        rare();
    }
    check();
  }

  static std::vector<std::uint8_t> state(Smmu& smmu) {
    ArchiveWriter a;
    smmu.visit(a);
    require(a.ok(), "a checkpoint can be taken");
    return a.data();
  }
  /// Accesses included.
  std::vector<std::uint8_t> whole_state() {
    ArchiveWriter a;
    m_smmu->visit(a);
    for (auto& r : m_accesses) {
      if (r) r->access.visit(a);
    }
    require(a.ok(), "a checkpoint can be taken");
    return a.data();
  }
  void load(ArchiveReader& reader) {
    std::array<bool, 4> there{};
    std::array<bool, 4> non_secure{};
    for (std::size_t i = 0; i < m_accesses.size(); ++i) {
      there[i] = m_accesses[i].has_value();
      non_secure[i] = there[i] && m_accesses[i]->non_secure;
      m_accesses[i].reset();
    }
    m_smmu->visit(reader);
    for (std::size_t i = 0; i < m_accesses.size(); ++i) {
      if (!there[i]) continue;
      m_accesses[i].emplace(*m_smmu).access.visit(reader);
      m_accesses[i]->non_secure = non_secure[i];
    }
  }
  bool any_access() const {
    return std::any_of(m_accesses.begin(), m_accesses.end(), [](const auto& r) { return r.has_value(); });
  }
  /// What the fast path answers is what an access of its own would.
  void compare_paths() {
    const smmu::AccessRequest r = request();
    run_whole(r);                                 // so that caches know of it
    if ((byte() & 1) != 0) run_whole(request());  // the TBU keeps one answer: the TCU has to know it
    smmu::AccessAnswer fast;
    if (!m_smmu->translate_fast(r, fast)) return;
    m_smmu->engine().in_flight().leave(m_smmu->engine().in_flight().enter(r.time), fast.time);
    Access slow(*m_smmu, r);
    require(slow.step() == smmu::Step::done, "what the fast path answers needs no memory");
    const smmu::AccessAnswer& a = slow.answer();
    require(a.outcome == fast.outcome && a.output == fast.output && a.region_shift == fast.region_shift &&
                a.space == fast.space && a.attributes == fast.attributes && a.privileged == fast.privileged &&
                a.instruction == fast.instruction,
            "fast and slow paths agree");
  }

  void rare() {
    switch (byte() & 15) {
      case 0:
        if ((byte() & 7) == 0) m_smmu->reset();
        break;
      case 1:
        enable();
        plausible_tables();
        break;
      case 2:  // SCR1: another partition
        write(4, (byte() & 15U) | std::uint32_t{byte() & 15U} << 8 | 4U << 16 | std::uint32_t{byte()} << 24);
        break;
      case 3: {  // a checkpoint, taken and restored, is no change
        if (!m_checkpoints) break;
        const std::vector<std::uint8_t> before = whole_state();
        ArchiveReader r(before);
        load(r);
        require(r.complete(), "a checkpoint can be restored");
        require(before == whole_state(), "a checkpoint is restored whole");
        break;
      }
      case 4: {  // a damaged checkpoint
        if (!m_checkpoints) break;
        m_own->spoil();
        std::vector<std::uint8_t> data = whole_state();
        data[static_cast<std::size_t>(number(3)) % data.size()] ^= byte();
        if ((byte() & 1) != 0) data.resize(static_cast<std::size_t>(number(3)) % data.size());
        ArchiveReader r(data);
        load(r);
        m_damaged = true;
        if ((byte() & 1) != 0) drain();  // before a reset too it goes on, whatever was loaded
        m_smmu->reset();
        m_damaged = false;
        break;
      }
      default:
        break;
    }
  }

  bool work_on(smmu::Worker& worker, bool abort) {
    if (!worker.waiting()) {
      const auto due = worker.due();
      if (!due) return false;
      m_now = std::max(m_now, *due);
      if (worker.step(m_now) != smmu::Step::need) return true;
    }
    worker.complete(answer(worker.op(), abort));
    return true;
  }

  /// Lines show what registers say (3.6.3).
  void check() {
    const Features& f = m_smmu->features();
    if (!f.dedicated_interrupts() || m_damaged) return;
    for (unsigned bank = 0; bank < f.NUMCB; ++bank) {
      const std::uint32_t at = m_banks + bank * m_page;
      const bool fault = (peek(at + 0x58) & ~(3U << 9 | 1U << 30)) != 0;
      const bool CFIE = (peek(at) & 1U << 6) != 0;
      require(m_smmu->levels().context[bank] == (fault && CFIE), "a context interrupt follows FSR and CFIE");
    }
  }

  void drain() {
    for (auto& r : m_accesses) {
      if (r) finish(*r);
      r.reset();
    }
    for (unsigned i = 0; i < 20'000; ++i) {
      bool worked = false;
      for (smmu::Worker* worker : m_smmu->workers()) worked = work_on(*worker, false) || worked;
      for (unsigned bank = 0; bank < 8; ++bank) resume(bank, true);  // operations that stall in stage 2
      if (!worked) return;
    }
    require(false, "the workers come to rest");
  }

  smmu::FuzzMemory& m_memory;
  const std::uint8_t* m_data;
  std::size_t m_size;
  bool m_checkpoints;
  unsigned m_most_steps;
  std::size_t m_at = 0;
  std::uint64_t m_now = 0;
  std::uint32_t m_banks = 0;
  std::uint32_t m_page = 0;
  bool m_damaged = false;  // addresses that a damaged checkpoint holds are any, until a reset
  FuzzSmmu* m_own = nullptr;
  Smmu* m_smmu = nullptr;
  std::array<std::optional<Running>, 4> m_accesses;
};

}  // namespace smmuvp::smmuv2
