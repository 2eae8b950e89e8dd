// A Mali's core, memory, and a driver's hands. Offsets and values are those of docs/mali.md, written out
// anew.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "smmuvp/mali/mali_core.h"
#include "smmuvp/pgtable/builder.h"
#include "smmuvp/test/core.h"

namespace smmuvp::mali_test {

constexpr std::uint32_t GPU_INT_RAWSTAT = 0x020, GPU_INT_CLEAR = 0x024, GPU_INT_MASK = 0x028,
                        GPU_INT_STAT = 0x02c, GPU_CMD = 0x030, GPU_STATUS = 0x034, GPU_FAULT_STATUS = 0x03c,
                        GPU_FAULT_ADDRESS_LO = 0x040, GPU_CYCLE_COUNT_LO = 0x090, GPU_TIMESTAMP_LO = 0x098;
constexpr std::uint32_t SHADER = 0x00, TILER = 0x10, L2 = 0x20;  // added to the next six
constexpr std::uint32_t PRESENT = 0x100, READY = 0x140, PWRON = 0x180, PWROFF = 0x1c0, PWRTRANS = 0x200,
                        PWRACTIVE = 0x240;
constexpr std::uint32_t JOB_INT_RAWSTAT = 0x1000, JOB_INT_CLEAR = 0x1004, JOB_INT_MASK = 0x1008,
                        JOB_INT_STAT = 0x100c, JOB_INT_JS_STATE = 0x1010;
constexpr std::uint32_t HEAD = 0x00, TAIL = 0x08, AFFINITY = 0x10, CONFIG = 0x18, COMMAND = 0x20,
                        STATUS = 0x24, HEAD_NEXT = 0x40, AFFINITY_NEXT = 0x50, CONFIG_NEXT = 0x58,
                        COMMAND_NEXT = 0x60, XAFFINITY = 0x1c, XAFFINITY_NEXT = 0x5c;
constexpr std::uint32_t MMU_INT_RAWSTAT = 0x2000, MMU_INT_CLEAR = 0x2004, MMU_INT_MASK = 0x2008;
constexpr std::uint32_t TRANSTAB = 0x00, MEMATTR = 0x08, LOCKADDR = 0x10, AS_COMMAND = 0x18,
                        FAULTSTATUS = 0x1c, FAULTADDRESS = 0x20, AS_STATUS = 0x28, TRANSCFG = 0x30;
constexpr std::uint32_t UPDATE = 1, LOCK = 2, UNLOCK = 3, FLUSH_PT = 4, FLUSH_MEM = 5;
constexpr std::uint32_t NULL_JOB = 1, WRITE_VALUE = 2, CACHE_FLUSH = 3, COPY = 31;
constexpr std::uint32_t DONE = 1, STOPPED = 3, TERMINATED = 4, ACTIVE = 8, CONFIG_FAULT = 0x40,
                        POWER_FAULT = 0x41, READ_FAULT = 0x42, WRITE_FAULT = 0x43, AFFINITY_FAULT = 0x44,
                        BUS_FAULT = 0x48, DATA_INVALID = 0x58;
constexpr std::uint32_t SOFT_STOP = 2, HARD_STOP = 3;
constexpr std::uint32_t no_write_back = 1U << 15;

constexpr std::uint32_t js(std::uint32_t slot, std::uint32_t reg) { return 0x1800 + 0x80 * slot + reg; }
constexpr std::uint32_t as(std::uint32_t space, std::uint32_t reg) { return 0x2400 + 0x40 * space + reg; }

/// 4 MiB at 0x80000000. Tables are in the last MiB; buffers are mapped by the test.
class Bench {
 public:
  static constexpr std::uint64_t base = 0x80000000;

  explicit Bench(const MaliConfig& config = quick()) : gpu(config, diag), memory(0x400000) {
    power_on();
    put(JOB_INT_MASK, ~0U);
    put(MMU_INT_MASK, ~0U);
  }
  /// Commands of the MMU and transitions end with the next access.
  static MaliConfig quick() {
    MaliConfig c;
    c.reset_ps = c.power_ps = c.mmu_command_ps = 0;
    return c;
  }
  void power_on() {
    for (const std::uint32_t domain : {L2, SHADER, TILER}) {
      put(PWRON + domain, ~0U);
      settle();
    }
    put(GPU_INT_CLEAR, ~0U);
  }

  // ---- registers
  std::uint32_t get(std::uint32_t offset) { return static_cast<std::uint32_t>(gpu.read(now, offset, 4)); }
  std::uint64_t get64(std::uint32_t offset) { return get(offset) | std::uint64_t{get(offset + 4)} << 32; }
  void put(std::uint32_t offset, std::uint32_t value) { gpu.write(now, offset, 4, value); }
  void put64(std::uint32_t offset, std::uint64_t value) {
    put(offset, static_cast<std::uint32_t>(value));
    put(offset + 4, static_cast<std::uint32_t>(value >> 32));
  }

  // ---- time and the bus
  /// Lets what is due happen.
  void settle() {
    for (int i = 0; i < 100; ++i) {
      const auto at = gpu.next_event();
      if (!at) break;
      now = std::max(now, *at);
      gpu.elapsed(now);
    }
  }
  /// Takes one access, makes it, a nanosecond later gives the answer. @return false: there is none.
  bool step() {
    DmaOperation a;
    DmaBuffer data{};
    if (!gpu.next(now, a, data)) return false;
    accesses.push_back(a);
    now += 1000;
    const DmaResponse response = answer(a, data);
    gpu.complete(now, a, response, data);
    return true;
  }
  void run(int limit = 100000) {
    for (int i = 0; i < limit; ++i) {
      if (step()) continue;
      if (!gpu.next_event()) return;
      settle();
    }
    ADD_FAILURE() << "the GPU does not come to rest";
  }
  DmaResponse answer(const DmaOperation& a, DmaBuffer& data) {
    if (bad_address != 0 && bad_address >= a.address && bad_address < a.address + a.length) {
      return DmaResponse::Address;
    }
    if (a.address < base || a.address - base > memory.size() - a.length) return DmaResponse::Address;
    std::uint8_t* at = &memory[a.address - base];
    if (a.write) {
      std::memcpy(at, data.data(), a.length);
    } else {
      std::memcpy(data.data(), at, a.length);
    }
    return DmaResponse::Ok;
  }

  // ---- memory, by physical address
  template <class T>
  T load(std::uint64_t pa) const {
    T v;
    std::memcpy(&v, &memory[pa - base], sizeof v);
    return v;
  }
  template <class T>
  void store(std::uint64_t pa, T v) {
    std::memcpy(&memory[pa - base], &v, sizeof v);
  }

  // ---- address spaces
  pgtable::Builder& tables(std::uint32_t space) {
    const auto found = m_tables.find(space);
    if (found != m_tables.end()) return found->second;
    pgtable::Config config;
    config.stage1.format = pgtable::Format::mali_lpae;
    config.stage1.tables[0].EPD = false;
    config.stage1.tables[0].TxSZ = 16;
    config.stage1.output_size = 40;
    return m_tables.emplace(space, builder(config)).first->second;
  }
  pgtable::Builder builder(const pgtable::Config& config) {
    return pgtable::Builder(
        config, [this](const pgtable::MemoryOp& op) { return table_access(op); },
        [this](std::uint64_t size) {
          m_next_table = (m_next_table + size - 1) & ~(size - 1);
          return std::optional<std::uint64_t>(std::exchange(m_next_table, m_next_table + size));
        });
  }
  static pgtable::Mapping rights(bool readable, bool writable) {
    pgtable::Mapping m;
    m.readable = readable;
    m.writable = writable;
    m.SH = pgtable::Shareability::outer;
    return m;
  }
  void map(std::uint32_t space, std::uint64_t va, std::uint64_t pa, std::uint64_t size, bool readable = true,
           bool writable = true) {
    const auto done = tables(space).map(va, pa, size, rights(readable, writable));
    ASSERT_TRUE(done) << done.reason;
  }
  void unmap(std::uint32_t space, std::uint64_t va, std::uint64_t size) {
    ASSERT_TRUE(tables(space).unmap(va, size));
  }
  /// As a driver does: TRANSTAB for table mode, UPDATE.
  void enable(std::uint32_t space) {
    put64(as(space, TRANSTAB), tables(space).config().stage1.tables[0].base | 3);
    command(space, UPDATE);
  }
  void disable(std::uint32_t space) {
    put64(as(space, TRANSTAB), 0);
    command(space, UPDATE);
  }
  void command(std::uint32_t space, std::uint32_t code) {
    put(as(space, AS_COMMAND), code);
    settle();
  }
  /// LOCK of 2^(width + 1) bytes, then the command.
  void flush(std::uint32_t space, std::uint64_t va, std::uint32_t width, std::uint32_t code = FLUSH_PT) {
    put64(as(space, LOCKADDR), va | width);
    command(space, LOCK);
    command(space, code);
  }

  // ---- jobs, by physical address; `next` is a virtual one
  void job(std::uint64_t pa, std::uint32_t type, std::uint64_t next, std::uint64_t word8 = 0,
           std::uint64_t word10 = 0, std::uint64_t word12 = 0) {
    std::memset(&memory[pa - base], 0, 64);
    store<std::uint32_t>(pa + 16, 1 | type << 1);
    store(pa + 24, next);
    store(pa + 32, word8);
    store(pa + 40, word10);
    store(pa + 48, word12);
  }
  void start(std::uint32_t slot, std::uint64_t head, std::uint32_t config) {
    put64(js(slot, HEAD_NEXT), head);
    put64(js(slot, AFFINITY_NEXT), 0xf);
    put(js(slot, CONFIG_NEXT), config);
    put(js(slot, COMMAND_NEXT), 1);
  }
  std::uint32_t status(std::uint32_t slot) { return get(js(slot, STATUS)); }
  std::size_t told(const std::string& site) const { return captured.count(site); }

  test::CapturingDiag captured;
  Diag diag{&captured, "gpu"};
  MaliCore gpu;
  std::uint64_t now = 0;
  std::vector<std::uint8_t> memory;
  std::vector<DmaOperation> accesses;
  std::uint64_t bad_address = 0;  ///< answers a bus error

 private:
  pgtable::MemoryResponse table_access(const pgtable::MemoryOp& op) {
    if (op.kind == pgtable::MemoryOpKind::write) store(op.address, op.desired);
    return {pgtable::MemoryStatus::ok, load<std::uint64_t>(op.address)};
  }

  std::uint64_t m_next_table = base + 0x300000;
  std::map<std::uint32_t, pgtable::Builder> m_tables;
};

/// Address space 1: [0x10000000, 1 MiB) is [base, 1 MiB). Jobs and data are there.
class WithTables : public ::testing::Test {
 protected:
  static constexpr std::uint64_t va = 0x10000000;
  static constexpr std::uint64_t pa = Bench::base;

  explicit WithTables(const MaliConfig& config = Bench::quick()) : b(config) {
    b.map(1, va, pa, 0x100000);
    b.enable(1);
  }
  /// A WRITE_VALUE of 32 bits at job `n`, and where it goes: data word `n`.
  void write_job(unsigned n, std::uint32_t value, std::uint64_t next = 0) {
    b.job(pa + 64 * n, WRITE_VALUE, next, data_va(n), 6, value);
  }
  std::uint32_t data(unsigned n) const { return b.load<std::uint32_t>(pa + 0x10000 + 8 * n); }
  static std::uint64_t job_va(unsigned n) { return va + 64 * n; }
  static std::uint64_t data_va(unsigned n) { return va + 0x10000 + 8 * n; }
  /// Starts the chain at job 0 in slot 1 and runs it to where it rests. @return JS_STATUS
  std::uint32_t run_chain(std::uint32_t config = 1) {
    b.start(1, job_va(0), config);
    b.run();
    return b.status(1);
  }

  Bench b;
};

}  // namespace smmuvp::mali_test
