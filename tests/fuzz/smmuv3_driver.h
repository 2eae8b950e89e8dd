// Runs a string of bytes as software and devices around an SMMUv3 core: registers, memory contents, accesses
// that interleave, queues, resets, checkpoints. Used by the fuzzer and by an ordinary test.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include "smmuv3_bench.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

class SmmuV3Driver {
 public:
  /// Whether checkpoints are taken, compared, damaged and loaded at any moment. They take most of an input's
  /// time.
  enum class Checkpoints : std::uint8_t { none, many };
  /// @param most_steps  what follows them is ignored
  SmmuV3Driver(FuzzBench& bench, const std::uint8_t* data, std::size_t size, Checkpoints checkpoints,
               unsigned most_steps = 1000)
      : m_memory(bench.memory),
        m_data(data),
        m_size(size),
        m_checkpoints(checkpoints == Checkpoints::many),
        m_most_steps(most_steps) {
    const std::uint8_t flags = byte();
    const std::uint8_t choice = byte();
    FeatureBytes wanted{static_cast<std::uint8_t>(flags & 0x3f), second_feature_byte(choice)};
    if ((choice & 0xc0) == 0x80) add_formats(wanted, byte());
    // Others than most inputs have, and few of them: plausible tables are of the usual formats.
    if (choice >= 0xc0) {
      for (std::size_t i = 2; i + 1 < wanted.size(); ++i) wanted[i] = byte() & byte();
    }
    if ((choice & 0x18) == 0x18) wanted.back() = (choice & 0x20) != 0 ? 3 : 5;  // a Secure state
    if ((choice & 0xc3) == 0xc0) wanted.back() |= 0x18;                         // Enhanced Command queues
    m_own = &bench.smmu(wanted);
    m_smmu = &m_own->smmu();
    m_memory.clear();
    if ((flags & 64) != 0) {
      enable(false);
      if (m_smmu->secure_interface() != nullptr) enable(true);
    }
    if ((flags & 128) != 0) {
      for (int i = 0; i < 4; ++i) plausible_structures();
      plausible_tables();
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
        return address();
      default:
        return number(8);
    }
  }
  /// All memory that structures lie in: 64 KiB from 0.
  std::uint64_t address() { return number(2) & 0xffff; }

  // ---- software of a Security state; both have their structures and queues at the same addresses

  /// As the next byte says, where there is a Secure state.
  bool of_secure() { return m_smmu->secure_interface() != nullptr && (byte() & 1) != 0; }
  ProgrammingInterface& interface(bool secure) {
    return secure ? *m_smmu->secure_interface() : m_smmu->interface();
  }
  void write(bool secure, std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    interface(secure).write(offset + (secure ? 0x8000 : 0), bytes,
                            secure ? AccessSecurity::Secure : AccessSecurity::NonSecure, m_now, value);
  }
  std::uint64_t peek(bool secure, std::uint32_t offset) {
    std::uint64_t v = 0;
    interface(secure).peek(offset + (secure ? 0x8000 : 0), 4, v);
    return v;
  }
  void enable(bool secure) {
    write(secure, 0x80, 0x1000, 8);
    write(secure, 0x88, 4);
    write(secure, 0x90, 0x2002, 8);
    write(secure, 0xa0, 0x3002, 8);
    const bool ATS = m_smmu->features().ATS && !secure;
    write(secure, 0x2c, ATS ? 0xa : 2);
    if (!secure) write(secure, 0xc0, 0x3801, 8);
    write(secure, 0x50, secure ? 5 : 7);
    write(secure, 0x20, ATS ? 0x1f : 0xd);
  }

  void command(bool secure, std::uint64_t low, std::uint64_t high) {
    if (ControlPages* pages = interface(secure).control_pages(); pages != nullptr && (byte() & 3) != 0) {
      return ecmdq_command(*pages, secure, low, high);
    }
    const std::uint64_t prod = peek(secure, 0x98);
    m_memory.put(0x2000 + (prod & 3) * 16, low);
    m_memory.put(0x2008 + (prod & 3) * 16, high);
    write(secure, 0x98, (prod + 1) & 7);
  }
  /// Into an Enhanced Command queue, which is enabled where it is not, and whose error is acknowledged at
  /// times.
  void ecmdq_command(ControlPages& pages, bool secure, std::uint64_t low, std::uint64_t high) {
    const AccessSecurity security = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
    const unsigned n = byte() % pages.size();
    const RegisterInfo& info = pages.registers().info(ECMDQ_BASE);
    const std::uint32_t at = info.offset + n * info.stride;
    const std::uint64_t queue = 0x2800 + n * 64;
    std::uint64_t PROD = 0;
    pages.peek(at + 8, 4, PROD);
    if ((PROD & ECMDQ_EN) == 0) {
      pages.write(at, 8, security, m_now, queue | 2);
      PROD |= ECMDQ_EN;
    } else if ((byte() & 1) != 0) {
      std::uint64_t CONS = 0;
      pages.peek(at + 12, 4, CONS);
      PROD = (PROD & ~std::uint64_t{ECMDQ_ERR}) | (CONS & ECMDQ_ERR);
    }
    m_memory.put(queue + (PROD & 3) * 16, low);
    m_memory.put(queue + (PROD & 3) * 16 + 8, high);
    pages.write(at + 8, 4, security, m_now, (PROD & ~std::uint64_t{7}) | ((PROD + 1) & 7));
  }
  static constexpr std::uint64_t ssec(bool secure) { return secure ? 1U << 10 : 0; }
  /// CMD_RESUME of one that waits, whether its record is visible or not; Action and Abort as in 4.7.1.
  void resume(std::uint8_t which, std::uint8_t action) {
    const bool secure = of_secure();
    std::optional<Event> event;
    interface(secure).stalls().for_each([&](const Event& e, bool) {
      if (!event || (which & 1) != 0) event = e;
      which = static_cast<std::uint8_t>(which >> 1);
    });
    if (!event) return;
    command(secure,
            0x44 | ssec(secure) | std::uint64_t{action & 3U} << 12 | std::uint64_t{event->StreamID} << 32,
            event->STAG);
  }
  /// Software that disables the SMMU: whatever stalls is terminated (6.3.9.6), when an address translation
  /// operation that is under way has ended (6.3.37), a prefetch has stopped, and page requests are in their
  /// queue (6.3.9.5).
  void end_stalls(bool secure) {
    const std::uint64_t cr0 = peek(secure, 0x20);
    write(secure, 0x20, cr0 | 1);
    write(secure, 0x20, cr0 & ~1ULL);
    for (unsigned i = 0; i < 256 && work_on(interface(secure).atos(), false); ++i) {
    }
    for (unsigned i = 0; i < 256 && interface(secure).vatos() != nullptr; ++i) {
      if (!work_on(*interface(secure).vatos(), false)) break;
    }
    // Secure software may have asked of Non-secure streams.
    for (unsigned i = 0; i < 256 && m_smmu->secure_interface() != nullptr; ++i) {
      if (!work_on(m_smmu->secure_interface()->atos(), false)) break;
    }
    for (unsigned i = 0; i < 256 && work_on(interface(secure).prefetch(), false); ++i) {
    }
    for (unsigned i = 0; i < 256 && interface(secure).page_requests().committed(); ++i) {
      work_on(interface(secure).events(), false);
      work_on(interface(secure).page_requests(), false);
    }
    write(secure, 0x20, cr0);
  }

  smmu::MemoryAnswer answer(const smmu::MemoryOp& op, bool abort) {
    smmu::MemoryAnswer a;
    require(op.size >= 1 && op.size <= 64, "an operation has 1 to 64 bytes");
    require(op.address % (op.size < 8 ? 4 : 8) == 0, "an operation is aligned");
    require(m_damaged || op.address >> 52 == 0, "an operation is within the physical address space");
    a.time = op.time + 5;
    if (abort) {
      a.status = smmu::MemoryStatus::external_abort;
      return a;
    }
    if (op.kind == smmu::MemoryOpKind::compare_and_swap) {
      require(op.size == 8 && m_smmu->features().HTTU != 0, "what is swapped is a descriptor");
      if ((op.address & 0xff) == 8) {  // memory of which some has no atomics
        a.status = smmu::MemoryStatus::unsupported_atomic;
        return a;
      }
    }
    if (op.kind != smmu::MemoryOpKind::write) m_memory.read(op.address, a.data.data(), op.size);
    if (op.kind == smmu::MemoryOpKind::write ||
        (op.kind == smmu::MemoryOpKind::compare_and_swap && smmu::load_word(a.data, 0) == op.expected)) {
      m_memory.write(op.address, op.data.data(), op.size);
    }
    return a;
  }

  struct Running {
    Running(Smmu& smmu, const smmu::AccessRequest& r) : access(smmu, r) {}
    explicit Running(Smmu& smmu) : access(smmu) {}
    Access access;
    unsigned steps = 0;
  };
  /// @return whether it is over
  bool advance(Running& r, bool abort) {
    const smmu::Step step = r.access.step();
    if (step == smmu::Step::stalled) {
      r.steps = 0;  // it may be retried
      work_on(m_smmu->interface().events(), abort);
      work_on(m_smmu->interface().page_requests(), abort);
      if (m_smmu->secure_interface() != nullptr) {
        work_on(m_smmu->secure_interface()->events(), abort);
        work_on(m_smmu->secure_interface()->page_requests(), abort);
      }
      return false;
    }
    if (step == smmu::Step::done) {
      const smmu::AccessAnswer& a = r.access.answer();
      if (a.outcome == smmu::Outcome::forward) {
        require(m_damaged || a.output >> m_smmu->features().OAS == 0, "an output address is within OAS");
        require(a.region_shift < 64, "a region has a size");
      }
      if (a.outcome == smmu::Outcome::answered) {
        require(a.ats.status != smmu::AtsStatus::none, "a Translation Request is answered");
        require(a.ats.size_shift >= 12 && a.ats.size_shift < 64, "an answer has a size");
        require(m_damaged || a.ats.translated_address >> 52 == 0, "an answer is an address");
      }
      return true;
    }
    r.access.complete(answer(r.access.op(), abort));
    require(++r.steps < 512, "an access ends");
    return false;
  }

  void run_whole(const smmu::AccessRequest& r) {
    Running running(*m_smmu, r);
    finish(running);
  }
  void finish(Running& r) {
    for (unsigned tries = 0; !advance(r, false); ++tries) {
      require(tries < 1000, "an access ends when nothing stalls it any more");
      if (tries % 128 != 127) continue;
      end_stalls(false);
      if (m_smmu->secure_interface() != nullptr) end_stalls(true);
    }
  }

  smmu::AccessRequest request() {
    smmu::AccessRequest r;
    const std::uint8_t how = byte();
    const std::uint8_t where = byte();
    r.stream_id = (where & 0x70) != 0 ? where & 3U : static_cast<std::uint32_t>(likely());
    if ((how & 1) != 0) {
      r.address = likely();
    } else {  // one of the pages that plausible tables map, in the high range or with a tag at times
      const std::uint8_t page = byte();
      r.address = std::uint64_t{page & 15U} << 12 | (where & 12U);
      if ((page & 0xe0) == 0) r.address |= ~0ULL << 39 | 0x3fe0'0000;
      if ((page & 0xe0) == 0x20) r.address |= 1ULL << 60;
    }
    r.kind = static_cast<smmu::AccessKind>(how >> 1 & 3);
    r.privileged = (how & 8) != 0;
    r.instruction = (how & 16) != 0;
    r.substream_valid = (how & 0xe0) == 0xe0;
    if ((how & 0xe0) == 0x20) r.unsupported = smmu::Unsupported::malformed;
    r.debug = (how & 0xe0) == 0x40;
    if ((how & 0xe0) == 0x60 || (how & 0xe0) == 0x80) {  // of a device with an ATC
      const bool asks = (how & 0xe0) == 0x60;
      r.ats = asks ? smmu::AtsPhase::translation_request : smmu::AtsPhase::translated;
      if (asks) r.kind = smmu::AccessKind::read;
      r.no_write = (where & 4) != 0;
      r.substream_valid = (where & 0x80) != 0;
    }
    if ((how & 0xe0) == 0xa0) {
      r.ats = smmu::AtsPhase::page_request;
      r.page_request = {(where & 4) != 0, (where & 8) != 0, (how & 8) != 0,
                        static_cast<std::uint16_t>(where)};
      r.substream_valid = (where & 0x80) != 0;
    }
    r.time = m_now;
    if (of_secure()) {
      r.secure_stream = true;
      r.space = (where & 16) != 0 ? smmu::AddressSpace::secure : smmu::AddressSpace::non_secure;
    }
    return r;
  }

  void step() {
    m_now += 10;
    m_smmu->prune(m_now > 100 ? m_now - 100 : 0);
    switch (byte() % 15) {
      case 0:
      case 1: {  // a register
        if (m_smmu->pmcgs().size() != 0 && (byte() & 1) != 0) {
          monitor_register();
          break;
        }
        ProgrammingInterface& of = interface(of_secure());
        if (of.control_pages() != nullptr && (byte() & 3) == 0) {
          page_register(*of.control_pages());
          break;
        }
        const auto& table = of.registers().table();
        const std::uint8_t which = byte();
        const RegisterInfo& info = table[which % table.size()];
        const auto offset = which == 255 ? static_cast<std::uint32_t>(number(3)) & 0x1ffff : info.offset;
        const unsigned bytes = which == 254 ? 1U << (byte() & 3) : info.bytes;
        const auto security = (which & 64) != 0 ? AccessSecurity::Secure : AccessSecurity::NonSecure;
        if ((byte() & 1) != 0) {
          m_smmu->window().at(offset).write(offset, bytes, security, m_now, likely());
        } else {
          std::uint64_t v = 0;
          m_smmu->window().at(offset).read(offset, bytes, security, m_now, v);
        }
        break;
      }
      case 2:
      case 3: {  // memory
        const std::uint64_t at = address() & ~7ULL;
        m_memory.put(at, likely());
        break;
      }
      case 4:
        plausible_structures();
        break;
      case 5: {  // a command
        static constexpr std::uint8_t opcodes[] = {1,    2,    3,    4,    5,    6,    0x10, 0x11, 0x12,
                                                   0x13, 0x28, 0x2a, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46};
        static constexpr std::uint8_t of_secure_queue[] = {
            1, 3, 4, 5, 0x10, 0x13, 0x18, 0x1a, 0x50, 0x52, 0x53, 0x58, 0x5a, 0x60, 0x28, 0x40, 0x41, 0x46};
        static_assert(sizeof opcodes == sizeof of_secure_queue);
        const bool secure = of_secure();
        const std::uint8_t* of_queue = secure ? of_secure_queue : opcodes;
        const std::uint64_t opcode = of_queue[byte() % sizeof opcodes];
        const std::uint8_t how = byte();
        // Mostly streams, or tags, and pages that there are.
        const bool of_stream = opcode < 0x10 || opcode == 0x40 || opcode == 0x45;
        const std::uint64_t ASID = of_stream ? 0 : 1ULL << 48;
        const std::uint64_t tags =
            std::uint64_t{how & 3U} << 32 | ASID | (opcode < 0x10 ? ssec(secure && (how & 0x20) == 0) : 0);
        const std::uint64_t first = ((how & 0x80) != 0 ? likely() & ~0xffULL : tags) | opcode;
        command(secure, first, (how & 0x40) != 0 ? likely() : (how >> 2 & 15U) << 12 | (how & 1U));
        break;
      }
      case 6:  // an access, whole
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
      case 12:  // a worker
        work_on(*m_smmu->workers()[byte() % m_smmu->workers().size()], byte() == 7);
        m_smmu->take_signals();
        break;
      case 13:
        plausible_tables();
        break;
      default:
        rare();
        break;
    }
    check();
  }

  /// A register of a counter group, at times by another size or in a gap.
  void monitor_register() {
    const Pmcgs& groups = m_smmu->pmcgs();
    const Pmcg& group = groups.group(byte() % groups.size());
    const std::uint8_t how = byte();
    const auto& table = group.registers().table();
    // Mostly what makes it count: the rest of the table is about twenty rows.
    const RegisterInfo& info =
        (how & 0x80) != 0 ? table[byte() % table.size()]
                          : group.registers().info(static_cast<std::uint16_t>(byte() % SMMU_PMCG_SCR));
    std::uint32_t offset = group.window_offset(info.offset + byte() % info.count * info.bytes);
    const unsigned bytes = (how & 0x70) == 0 ? 1U << (how & 3U) : info.bytes;
    if ((how & 0x7c) == 4) offset = (offset & ~0xfffU) | (static_cast<std::uint32_t>(number(2)) & 0xfffU);
    RegisterBlock& block = m_smmu->window().at(offset);
    const auto security = (how & 8) != 0 ? AccessSecurity::Secure : AccessSecurity::NonSecure;
    std::uint64_t v = 0;
    if ((how & 4) != 0) {
      block.read(offset, bytes, security, m_now, v);
      block.peek(offset, bytes, v);
      return;
    }
    std::uint64_t value = likely();
    if ((how & 0x40) != 0) {  // as software has it that wants to count
      if (info.id == SMMU_PMCG_EVTYPERn) value = (value & 0x8000'0000) | (byte() & 7U) | 1U << 29;
      if (info.id == SMMU_PMCG_SMRn || info.id == SMMU_PMCG_CNTENSET0) value = ~std::uint64_t{0};
      if (info.id == SMMU_PMCG_EVCNTRn) value = ~std::uint64_t{byte()};
    }
    block.write(offset, bytes, security, m_now, value);
    if ((how & 0x40) != 0 && info.id == SMMU_PMCG_EVTYPERn) {
      block.write(group.window_offset(0xc00), 8, security, m_now, ~std::uint64_t{0});
    }
    if ((how & 0x40) != 0 || (how & 3) == 0) block.write(group.window_offset(0xe04), 4, security, m_now, 1);
  }

  /// A register of a control page, or of those that tell of them.
  void page_register(ControlPages& pages) {
    const auto& table = pages.registers().table();
    const RegisterInfo& info = table[byte() % table.size()];
    const std::uint32_t offset = info.offset + byte() % info.count * info.stride;
    const std::uint8_t how = byte();
    const unsigned bytes = (how & 0x70) == 0 ? 1U << (how >> 2 & 3U) : info.bytes;
    const auto security = (how & 1) != 0 ? AccessSecurity::Secure : AccessSecurity::NonSecure;
    RegisterBlock& block = m_smmu->window().at(offset);
    require(&block == &pages, "control pages answer at their places");
    std::uint64_t v = likely();
    if ((how & 2) != 0) {
      block.write(offset, bytes, security, m_now, v);
    } else {
      block.read(offset, bytes, security, m_now, v);
      block.peek(offset, bytes, v);
    }
  }

  /// An STE of any kind and its CD. Stage 2 begins at level 2, stage 1 at level 1 or where the CD says.
  void plausible_structures() {
    const std::uint64_t sid = byte() & 3;
    const std::uint64_t ste = 0x1000 + sid * 64;
    const std::uint64_t cd = 0x4000 + sid * 64;
    const std::uint8_t how = byte();
    static constexpr std::uint8_t configs[] = {5, 5, 6, 6, 7, 7, 7, 4};
    const std::uint64_t config = (how & 8) != 0 ? configs[how & 7U] : how & 7U;
    m_memory.put(ste, cd | 1 | config << 1);
    const bool has_secure = m_smmu->secure_interface() != nullptr;
    const std::uint64_t spaces = has_secure ? byte() : 0;  // NSCFG, and what stage 2 of a Secure STE has
    const std::uint64_t vmid = how >> 4 & 3U;
    // S2T0SZ 34, S2SL0 0, S2PS 48 bits, S2AA64; S2AFFD, S2PTW and S2R as it comes
    const std::uint8_t faults = byte();
    m_memory.put(ste + 8,
                 1ULL << 44 | (spaces & 3) << 46 | std::uint64_t{faults >> 4 & 3U} << 28);  // EATS too
    // S and S2S: without stalls they are illegal, and with STALL_MODEL 2 it is S of 0 that is (5.5)
    const std::uint8_t model = m_smmu->features().STALL_MODEL;
    const bool stall1 = model == 2 || (model == 0 && (faults & 4) != 0);
    const bool stall2 = model == 2 || (model == 0 && (faults & 8) != 0);
    m_memory.put(ste + 16, vmid | 34ULL << 32 | 5ULL << 48 | 1ULL << 51 | std::uint64_t{faults & 3U} << 53 |
                               std::uint64_t{stall2} << 57 | std::uint64_t{how >> 6 & 1U} << 58);
    m_memory.put(ste + 24, ((byte() & 7) == 0 ? address() & ~0xfffULL : 0x8000) | (spaces >> 2 & 3));
    if (has_secure) {
      m_memory.put(ste + 32, 34ULL << 32);
      m_memory.put(ste + 48, 0x8000 | (spaces >> 4 & 3));
    }
    m_memory.put(cd, 25ULL | 25ULL << 16 | 2ULL << 22 | 1ULL << 31 | 1ULL << 41 | 5ULL << 32 |
                         std::uint64_t{stall1} << 44 | 1ULL << 45 | std::uint64_t{!stall1} << 46 |
                         (1 + (sid & 1)) << 48);
    const bool own = (byte() & 7) == 0;
    m_memory.put(cd + 8, own ? address() & ~0xfffULL : 0xa000);
    m_memory.put(cd + 16, own ? address() & ~0xfffULL : 0xa000);
    m_memory.put(cd + 24, number(8));
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
    for (std::size_t i = 0; i < m_accesses.size(); ++i) {
      there[i] = m_accesses[i].has_value();
      m_accesses[i].reset();
    }
    m_smmu->visit(reader);
    for (std::size_t i = 0; i < m_accesses.size(); ++i) {
      if (there[i]) m_accesses[i].emplace(*m_smmu).access.visit(reader);
    }
  }
  bool any_access() const {
    return std::any_of(m_accesses.begin(), m_accesses.end(), [](const auto& r) { return r.has_value(); });
  }
  static bool same(const smmu::AccessAnswer& a, const smmu::AccessAnswer& b) {
    return a.outcome == b.outcome && a.output == b.output && a.region_shift == b.region_shift &&
           a.space == b.space && a.attributes == b.attributes && a.privileged == b.privileged &&
           a.instruction == b.instruction;
  }
  /// What the fast path answers, and what it leaves behind, is what an access of its own would.
  void compare_paths() {
    const smmu::AccessRequest r = request();
    run_whole(r);                                 // so that caches know of it
    if ((byte() & 1) != 0) run_whole(request());  // the TBU keeps one answer: the TCU has to know it
    smmu::AccessAnswer fast;
    if (!m_checkpoints) {
      if (!m_smmu->translate_fast(r, fast)) return;
      m_smmu->engine().in_flight().leave(m_smmu->engine().in_flight().enter(r.time), fast.time);
      Access slow(*m_smmu, r);
      require(slow.step() == smmu::Step::done, "what the fast path answers needs no memory");
      require(same(slow.answer(), fast), "fast and slow paths agree");
      return;
    }
    if (any_access()) return;  // a checkpoint leaves them out
    const std::vector<std::uint8_t> before = state(*m_smmu);
    if (!m_smmu->translate_fast(r, fast)) {
      require(state(*m_smmu) == before, "an access that the fast path refuses has changed nothing");
      return;
    }
    Smmu& copy = m_own->twin();
    ArchiveReader reader(before);
    copy.visit(reader);
    require(reader.complete(), "a checkpoint can be restored");
    {
      Access slow(copy, r);
      require(slow.step() == smmu::Step::done, "what the fast path answers needs no memory");
      require(same(slow.answer(), fast), "fast and slow paths agree");
      require(slow.answer().time == fast.time, "fast and slow paths agree on the time");
      require(slow.answer().tlb_hit == fast.tlb_hit, "fast and slow paths agree on the hit");
    }
    // Whoever takes the fast path enters and leaves by himself.
    m_smmu->engine().in_flight().leave(m_smmu->engine().in_flight().enter(r.time), fast.time);
    require(state(copy) == state(*m_smmu), "fast and slow paths leave the same: bookings, uses, counters");
  }

  void rare() {
    switch (byte() & 15) {
      case 0:
        if ((byte() & 7) == 0) m_smmu->reset();
        break;
      case 1:
        enable(of_secure());
        plausible_tables();
        break;
      case 2:
        write(of_secure(), 0x64, number(1));
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
      case 5:
      case 6:
      case 7:
      case 8:
        resume(byte(), byte());
        break;
      case 9: {  // CMD_STALL_TERM
        const bool secure = of_secure();
        command(secure, 0x45 | ssec(secure) | std::uint64_t{byte() & 3U} << 32, 0);
        break;
      }
      case 10:  // events are read
        take_events();
        break;
      case 11:
      case 12:
        carry(byte());
        break;
      case 13:  // S_INIT, mostly while SMMUENs are 1
        if (m_smmu->secure_interface() != nullptr) write(true, 0x3c, 1);
        break;
      default:
        ask();
        break;
    }
  }

  /// An address translation operation by one of the groups of registers; it may be under way already.
  void ask() {
    const bool secure = of_secure();
    const std::uint8_t how = byte();
    ProgrammingInterface& registers = interface(secure);
    const bool of_one_vm = (how & 1) != 0 && registers.vatos() != nullptr;
    const AtosGroup& group = of_one_vm ? VATOS : GATOS;
    const auto put = [&](Reg id, std::uint64_t value) {
      const RegisterInfo& info = registers.registers().info(id);
      m_smmu->window()
          .at(info.offset)
          .write(info.offset, info.bytes, secure ? AccessSecurity::Secure : AccessSecurity::NonSecure, m_now,
                 value);
    };
    if (of_one_vm) put(SMMU_VATOS_SEL, how >> 1 & 3U);
    put(group.SID, (how >> 3 & 3U) | std::uint64_t{how >> 5 & 1U} << 53);
    const std::uint64_t page = std::uint64_t{byte() & 15U} << 12;
    put(group.ADDR, page | std::uint64_t{byte()} << 4);
    put(group.CTRL, 1);
  }

  void take_events() {
    const bool secure = of_secure();
    const std::uint32_t page1 = secure ? 0 : 0x10000;
    write(secure, page1 + 0xac, peek(secure, page1 + 0xa8));
    if (secure) return;
    write(false, 0x100cc, peek(false, 0x100c8));
  }

  /// A message to a device leaves, or its end is told. @return whether there was one
  bool carry(std::uint8_t how) {
    AtcMessages& messages = m_smmu->interface().atc_messages();
    if (m_carried != 0) {
      messages.ended(m_carried, static_cast<AtcMessageEnd>(how % 3), m_now + how);
      m_carried = 0;
      return true;
    }
    const auto at = messages.departure();
    if (!at) return false;
    m_now = std::max(m_now, *at);
    const auto taken = messages.take(m_now);
    require(taken.has_value(), "a message leaves at its departure");
    require(taken->message.size_shift >= 12 && taken->message.size_shift <= 64, "a span has a size");
    m_carried = taken->number;
    return true;
  }

  static constexpr smmu::TimePs patience = 1'000'000'000;
  bool is_monitor(const smmu::Worker& worker) {
    for (unsigned i = 0; i < m_smmu->pmcgs().size(); ++i) {
      if (&worker == &m_smmu->pmcgs().group(i)) return true;
    }
    return false;
  }
  bool work_on(smmu::Worker& worker, bool abort) {
    if (!worker.waiting()) {
      const auto due = worker.due();
      // A counter of cycles overflows again and again, some of them in centuries.
      if (!due || (is_monitor(worker) && *due > m_now + patience)) return false;
      m_now = std::max(m_now, *due);
      if (worker.step(m_now) != smmu::Step::need) return true;
    }
    worker.complete(answer(worker.op(), abort));
    return true;
  }

  void check() {
    check(false, cr0_fields(m_smmu->features()));
    if (m_smmu->secure_interface() != nullptr) check(true, cr0_fields(m_smmu->features(), SecSid::secure));
  }
  void check(bool secure, std::uint64_t implemented) {
    const std::uint64_t cr0 = peek(secure, 0x20);
    const std::uint64_t ack = peek(secure, 0x24);
    require(((cr0 | ack) & ~implemented) == 0, "CR0 and CR0ACK have implemented bits only");
    require((ack & cr0) == cr0, "what CR0 enables is acknowledged");
    const ControlPages* pages = interface(secure).control_pages();
    for (unsigned n = 0; pages != nullptr && !m_damaged && n < pages->size(); ++n) {
      require(pages->queue(n).settled(), "ENACK is as EN, unless a command is in progress");
    }
  }

  void require_queues_at_rest(ProgrammingInterface& interface) {
    const char* what = "CMD_SYNC has nothing left to wait for";
    require(interface.commands().step(m_now) == smmu::Step::done, what);
    ControlPages* pages = interface.control_pages();
    for (unsigned n = 0; pages != nullptr && n < pages->size(); ++n) {
      require(pages->queue(n).commands().step(m_now) == smmu::Step::done, what);
    }
  }

  void drain() {
    for (auto& r : m_accesses) {
      if (r) finish(*r);
      r.reset();
    }
    // With nothing under way the worker comes to rest: the queues are finite, and so is what a prefetch does.
    for (unsigned i = 0; i < 20'000; ++i) {
      bool worked = carry(0);
      for (smmu::Worker* worker : m_smmu->workers()) worked = work_on(*worker, false) || worked;
      if (!worked) {
        require_queues_at_rest(m_smmu->interface());
        if (m_smmu->secure_interface() != nullptr) require_queues_at_rest(*m_smmu->secure_interface());
        return;
      }
    }
    require(false, "the workers come to rest");
  }

  FuzzMemory& m_memory;
  const std::uint8_t* m_data;
  std::size_t m_size;
  bool m_checkpoints;
  unsigned m_most_steps;
  std::size_t m_at = 0;
  std::uint64_t m_now = 0;
  bool m_damaged = false;  // addresses that a damaged checkpoint holds are any, until a reset
  AtcMessages::Number m_carried = 0;
  FuzzSmmu* m_own = nullptr;
  Smmu* m_smmu = nullptr;
  std::array<std::optional<Running>, 4> m_accesses;
};

}  // namespace smmuvp::smmuv3
