// A little system around an SMMUv3 core: memory, structures and queues as a driver would make them.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "../smmu/test_memory.h"
#include "smmuvp/pgtable/builder.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

using smmu::TestDiag;
using smmu::TestMemory;

/// An STE as eight words, fields set by bit position.
struct Structure {
  std::array<std::uint64_t, 8> words{};
  Structure& set(unsigned low, unsigned width, std::uint64_t value) {
    const std::uint64_t mask = width >= 64 ? ~0ULL : (1ULL << width) - 1;
    std::uint64_t& w = words[low / 64];
    w = (w & ~(mask << (low % 64))) | (value & mask) << (low % 64);
    return *this;
  }
};

inline Structure ste_bypass() { return Structure().set(0, 1, 1).set(1, 3, 4).set(108, 2, 1); }
inline Structure ste_abort() { return Structure().set(0, 1, 1); }
inline Structure ste_stage1(std::uint64_t cd) {
  Structure s;
  s.words[0] = cd;
  return s.set(0, 1, 1).set(1, 3, 5).set(108, 2, 1);
}

// Encodings of granules, as 5.2 and 5.4 list them.
inline std::uint64_t TG0_of(pgtable::Granule g) {
  return g == pgtable::Granule::size_4k ? 0 : g == pgtable::Granule::size_64k ? 1 : 2;
}
inline std::uint64_t TG1_of(pgtable::Granule g) {
  return g == pgtable::Granule::size_4k ? 2 : g == pgtable::Granule::size_64k ? 3 : 1;
}

/// CD of an address space whose tables `config` describes, A = R = 1.
inline Structure cd_for(const pgtable::Config& config, std::uint16_t asid, std::uint8_t IPS = 4) {
  Structure s;
  const auto& t = config.stage1.tables;
  s.words[1] = t[0].base;
  s.words[2] = t[1].base;
  s.words[3] = config.stage1.MAIR;
  s.set(0, 6, t[0].TxSZ).set(6, 2, TG0_of(t[0].granule)).set(14, 1, t[0].EPD);
  s.set(8, 2, 1).set(10, 2, 1).set(12, 2, 3).set(24, 2, 1).set(26, 2, 1).set(28, 2, 3);
  s.set(15, 1, config.stage1.big_endian);
  s.set(16, 6, t[1].TxSZ).set(22, 2, TG1_of(t[1].granule)).set(30, 1, t[1].EPD);
  s.set(35, 1, config.stage1.AFFD).set(36, 1, config.stage1.WXN).set(40, 1, config.stage1.PAN);
  s.set(37, 1, config.stage1.UWXN).set(42, 1, config.stage1.HD).set(43, 1, config.stage1.HA);
  s.set(38, 1, t[0].TBI).set(39, 1, t[1].TBI).set(65, 1, t[0].HPD).set(129, 1, t[1].HPD);
  s.set(66, 1, t[0].E0PD).set(130, 1, t[1].E0PD).set(123, 1, config.stage1.EPAN);
  s.set(186, 1, config.stage1.DS).set(41, 1, config.stage1.format == pgtable::Format::vmsa64);
  s.set(31, 1, 1).set(32, 3, IPS).set(45, 1, 1).set(46, 1, 1).set(48, 16, asid);
  return s;
}

class World {
 public:
  static constexpr std::uint64_t strtab = 0x1000'0000;
  static constexpr std::uint64_t cmdq = 0x2000'0000;
  static constexpr std::uint64_t eventq = 0x3000'0000;
  static constexpr std::uint64_t cds = 0x4000'0000;
  static constexpr std::uint64_t tables = 0x5000'0000;
  static constexpr unsigned log2_cmds = 5;
  static constexpr unsigned log2_events = 3;

  explicit World(const Features& features = {}, const Structures& structures = untimed(),
                 TraceSink* trace = nullptr)
      : smmu(features, structures, "smmu0", &diag, trace) {}
  static Structures untimed() {
    Structures s;
    s.timing = false;
    return s;
  }

  // ---- registers
  std::uint32_t read(std::uint32_t offset) {
    std::uint64_t v = 0;
    smmu.interface().read(offset, 4, AccessSecurity::NonSecure, now, v);
    return static_cast<std::uint32_t>(v);
  }
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    smmu.interface().write(offset, bytes, AccessSecurity::NonSecure, now, value);
  }

  /// Linear Stream table of 2^log2size, queues, everything enabled that `cr0` says.
  void start(unsigned log2size = 8, std::uint32_t cr0 = CR0_implemented) {
    write(0x28, 0xd75);  // CR1: inner shareable, write-back
    write(0x2c, CR2_RECINVSID);
    write(0x80, strtab, 8);
    write(0x88, log2size);
    write(0x90, cmdq | log2_cmds, 8);
    write(0xa0, eventq | log2_events, 8);
    write(0x50, IRQ_CTRL_implemented);
    write(0x20, cr0);
  }

  // ---- structures
  void put(std::uint64_t address, const Structure& s) {
    for (unsigned i = 0; i < 8; ++i) memory.write(address + 8 * i, s.words[i]);
  }
  void put_ste(std::uint32_t sid, const Structure& s) { put(strtab + 64ULL * sid, s); }
  static std::uint64_t cd_address(std::uint32_t sid) { return cds + 64ULL * sid; }

  /// A stage 1 configuration with T0SZ 25 and T1SZ 25 whose tables are still empty.
  pgtable::Builder& space(bool big_endian = false) {
    pgtable::Config c;
    c.stage1.output_size = 44;
    c.stage1.MAIR = 0xff440400'00000000ULL | 0x00ff;
    c.stage1.big_endian = big_endian;
    for (auto& t : c.stage1.tables) {
      t.EPD = false;
      t.TxSZ = 25;
    }
    return builder(c);
  }
  /// Empty tables of any configuration; base addresses are the builder's.
  pgtable::Builder& builder(const pgtable::Config& c) {
    builders.emplace_back(
        c, [this](const pgtable::MemoryOp& op) { return memory.carry_out(op); },
        [this](std::uint64_t size) -> std::optional<std::uint64_t> { return allocate(size); });
    return builders.back();
  }
  /// Forgets all structures and tables.
  void clear() {
    memory = {};
    builders.clear();
    m_next_table = tables;
  }
  /// Room for a table, aligned to its size.
  std::uint64_t allocate(std::uint64_t size) {
    m_next_table = (m_next_table + size - 1) & ~(size - 1);
    const std::uint64_t at = m_next_table;
    m_next_table += size;
    return at;
  }
  /// A stream with stage 1 translation by a new address space.
  pgtable::Builder& stream(std::uint32_t sid, std::uint16_t asid = 1) {
    pgtable::Builder& b = space();
    put(cd_address(sid), cd_for(b.config(), asid));
    put_ste(sid, ste_stage1(cd_address(sid)));
    return b;
  }

  // ---- accesses
  static smmu::AccessRequest request(std::uint32_t sid, std::uint64_t address,
                                     smmu::AccessKind kind = smmu::AccessKind::read) {
    smmu::AccessRequest r;
    r.stream_id = sid;
    r.address = address;
    r.kind = kind;
    return r;
  }
  /// Runs an access to its end, by the fast path where it serves, and the worker after it.
  smmu::AccessAnswer access(const smmu::AccessRequest& r) {
    smmu::AccessAnswer a;
    if (!smmu.translate_fast(r, a)) {
      Access object(smmu, r);
      finish(object);
      a = object.answer();
    }
    work();
    return a;
  }
  /// Runs an access to its end; the workers make room where its record needs it.
  void finish(Access& object) {
    smmu::Step step = object.step();
    while (step != smmu::Step::done) {
      if (step == smmu::Step::need) {
        object.complete(memory.carry_out(object.op()));
      } else {
        work();
      }
      step = object.step();
    }
  }
  smmu::AccessAnswer access(std::uint32_t sid, std::uint64_t address,
                            smmu::AccessKind kind = smmu::AccessKind::read) {
    return access(request(sid, address, kind));
  }

  // ---- queues
  /// One step of a worker, when it is due, with the answer to what it needs. @return whether there was one.
  bool work_on(smmu::Worker& worker) {
    if (!worker.waiting()) {
      const auto due = worker.due();
      if (!due) return false;
      now = std::max(now, *due);
      if (worker.step(now) != smmu::Step::need) return true;
    }
    worker.complete(memory.carry_out(worker.op()));
    return true;
  }
  /// Lets time pass until no worker has anything to do. @return the Command queue's last step.
  smmu::Step work() {
    for (bool worked = true; worked;) {
      worked = false;
      for (smmu::Worker* worker : smmu.workers()) {
        worked = work_on(*worker) || worked;
      }
    }
    const Signals n = smmu.take_signals();
    irqs.eventq += n.eventq ? 1 : 0;
    irqs.gerror += n.gerror ? 1 : 0;
    irqs.cmdq_sync += n.cmdq_sync ? 1 : 0;
    irqs.event += n.event ? 1 : 0;
    irqs.priq += n.priq ? 1 : 0;
    return commands().step(now);
  }
  EventQueue& events() { return smmu.interface().events(); }
  CommandQueue& commands() { return smmu.interface().commands(); }
  /// Puts a command into the queue, without running it.
  void push(std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint32_t prod = read(0x98);
    const std::uint64_t at = cmdq + 16ULL * (prod & ((1U << log2_cmds) - 1));
    memory.write(at, word0);
    memory.write(at + 8, word1);
    write(0x98, (prod + 1) & ((2U << log2_cmds) - 1));
  }
  smmu::Step command(std::uint64_t word0, std::uint64_t word1 = 0) {
    push(word0, word1);
    return work();
  }
  bool commands_done() { return read(0x98) == (read(0x9c) & 0xfffff); }
  /// Takes the oldest event record.
  std::optional<std::array<std::uint64_t, 4>> pop_event() {
    const std::uint32_t prod = read(0x100a8) & 0xfffff;
    const std::uint32_t cons = read(0x100ac) & 0xfffff;
    if (prod == cons) return std::nullopt;
    std::array<std::uint64_t, 4> e{};
    for (unsigned i = 0; i < 4; ++i) {
      e[i] = memory.read(eventq + 32ULL * (cons & ((1U << log2_events) - 1)) + 8 * i, 8);
    }
    write(0x100ac, ((cons + 1) & ((2U << log2_events) - 1)) | (read(0x100ac) & EVENTQ_OVFLG));
    return e;
  }

  struct Irqs {
    int eventq = 0, gerror = 0, cmdq_sync = 0, event = 0, priq = 0;
  };

  TestDiag diag;
  TestMemory memory;
  Smmu smmu;
  Irqs irqs;
  std::uint64_t now = 0;
  std::deque<pgtable::Builder> builders;

 private:
  std::uint64_t m_next_table = tables;
};

/// Bits [high:low] of an event record or structure.
template <std::size_t N>
std::uint64_t bits(const std::array<std::uint64_t, N>& words, unsigned high, unsigned low) {
  const unsigned width = high - low + 1;
  const std::uint64_t mask = width >= 64 ? ~0ULL : (1ULL << width) - 1;
  return (words[low / 64] >> (low % 64)) & mask;
}

}  // namespace smmuvp::smmuv3
