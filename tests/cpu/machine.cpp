#include "machine.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "guest_program.h"

// libunicorn does not free what it notes about pages of code that were written to.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libunicorn.so"; }

namespace smmuvp::cpu {

namespace {
LibraryUse wanted_use() {
  return std::getenv("CPU_TEST_PUBLIC") != nullptr ? LibraryUse::public_only : LibraryUse::automatic;
}
}  // namespace

Machine::Machine(std::map<uint64_t, uint64_t> more_ram) : Machine(wanted_use(), std::move(more_ram)) {}

Machine::Machine(LibraryUse use, std::map<uint64_t, uint64_t> more_ram) : m_diag(this, "cpu") {
  std::string error;
  core = make_unicorn_core(*this, use, error);
  if (core == nullptr) throw std::runtime_error(error);
  more_ram[ram_base] = ram_size;
  for (const auto& [base, size] : more_ram) {
    auto& memory = m_ram[base] = std::vector<uint8_t>(size);
    error = core->add_ram(base, size, memory.data());
    if (!error.empty()) throw std::runtime_error(error);
  }
  load_program();
  core->reset(m_symbols.at("_start"), {});
  // EL1 uses FP and SIMD.
  set("CPACR_EL1", 3u << 20);
}
Machine::~Machine() = default;

void Machine::load_program() {
  m_symbols = load_guest_program(CPU_TEST_GUEST, [this](uint64_t phys) { return ram(phys); });
}

void Machine::start(const std::string& name) {
  set("VBAR_EL1", symbol("vectors"));
  set("SP_EL1", stack);
  set("PC", symbol(name));
}

Stop Machine::run(uint64_t quanta, uint64_t budget) {
  Stop stop;
  for (uint64_t i = 0; i < quanta; ++i) {
    uint64_t n = budget;
    core->update_timers();
    if (const auto deadline = core->timer_deadline()) {
      const uint64_t now = counter();
      n = std::min(n, std::max<uint64_t>((*deadline - now) * 16, 1));
    }
    m_running = true;
    stop = core->run(n);
    m_running = false;
    instructions += stop.instructions;
    core->update_timers();
    if (stop.reason != StopReason::quantum) break;
  }
  return stop;
}

uint8_t* Machine::ram(uint64_t phys) {
  for (auto& [base, memory] : m_ram) {
    if (phys >= base && phys - base < memory.size()) return memory.data() + (phys - base);
  }
  throw std::runtime_error("no memory at this address");
}

std::vector<Exception> Machine::exceptions() {
  const auto count = at<uint64_t>(symbol("exception_count"));
  std::vector<Exception> result(std::min<uint64_t>(count, 32));
  if (!result.empty())
    std::memcpy(result.data(), ram(symbol("exception_log")), result.size() * sizeof(Exception));
  return result;
}

uint64_t* Machine::descriptor(uint64_t va, unsigned level) {
  if (m_next_table == tables) m_next_table += 0x2000;  // level 0 of TTBR0 and TTBR1
  uint64_t table = (va >> 63) != 0 ? tables + 0x1000 : tables;
  for (unsigned l = 0;; ++l) {
    auto& entry = at<uint64_t>(table + ((va >> (39 - 9 * l)) & 511) * 8);
    if (l == level) return &entry;
    if ((entry & 3) != 3) {
      entry = m_next_table | 3;
      m_next_table += 0x1000;
    }
    table = entry & 0xfffffffff000;
  }
}

void Machine::map_page(uint64_t va, uint64_t pa, uint64_t attributes) {
  *descriptor(va, 3) = pa | attributes | (1u << 10) | (3u << 8) | 3;
}
void Machine::map_block(uint64_t va, uint64_t pa, uint64_t attributes) {
  *descriptor(va, 2) = pa | attributes | (1u << 10) | (3u << 8) | 1;
}

void Machine::enable_mmu() {
  for (uint64_t va = ram_base; va < ram_base + 0x1000000; va += 0x200000) map_block(va, va);
  set("MAIR_EL1", 0x00ff);  // 0 normal write-back, 1 Device-nGnRnE
  // T0SZ = T1SZ = 16, 4 KiB granules, 40-bit output, TBI0 (DDI 0487 D13.2.120)
  set("TCR_EL1", 16u | (16u << 16) | (uint64_t{2} << 30) | (uint64_t{2} << 32) | (uint64_t{1} << 37));
  set("TTBR0_EL1", tables);
  set("TTBR1_EL1", tables + 0x1000);
  set("SCTLR_EL1", reg("SCTLR_EL1") | 0x1005);
}

BusStatus Machine::bus_access(BusAccess& access) {
  accesses.push_back(access);
  const uint64_t page = access.address & ~uint64_t{0xfff};
  if (page == refuses) return BusStatus::slave_error;
  if (page != device) return BusStatus::decode_error;
  if (on_access) return on_access(access);
  if (!access.write) access.value = 0xa5a5a5a500000000u | access.address;
  if (!access.write && access.size < 8) access.value &= (uint64_t{1} << (8 * access.size)) - 1;
  return BusStatus::ok;
}

uint64_t Machine::counter() { return (instructions + (m_running ? core->quantum_instructions() : 0)) / 16; }

void Machine::timer_output(Timer timer, bool level) {
  outputs[timer] = level;
  core->set_irq(outputs[Timer::virt] || outputs[Timer::phys]);
}

void Machine::timer_deadline_changed() {
  if (const auto deadline = core->timer_deadline()) {
    core->limit_quantum(core->quantum_instructions() + (*deadline - counter()) * 16);
  }
}

}  // namespace smmuvp::cpu
