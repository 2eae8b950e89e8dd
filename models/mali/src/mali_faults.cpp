// The MMU's commands and faults, and how an access is translated.
#include <fmt/format.h>

#include "mali_registers.h"
#include "smmuvp/mali/mali_core.h"

namespace smmuvp {

using namespace mali;  // NOLINT(google-build-using-namespace): the sheet's names

namespace {

enum AsCommand : std::uint32_t { NOP, UPDATE, LOCK, UNLOCK, FLUSH_PT, FLUSH_MEM };

// docs/mali.md, Faults: levels count from 1 with Mali LPAE, from 0 in AArch64 modes.
std::uint32_t code_of(const pgtable::Fault& f, bool aarch64) {
  const auto level = static_cast<std::uint32_t>(f.level < 0 ? 0 : f.level);
  switch (f.kind) {
    case pgtable::FaultKind::permission:
      return aarch64 ? 0xc8 + level : 0xc8;
    case pgtable::FaultKind::external_abort:
      return aarch64 ? 0xd0 + level : 0xd1 + level;
    case pgtable::FaultKind::access_flag:
      return 0xd8 + level;
    case pgtable::FaultKind::address_size:
      return 0xe4 + level;
    default:
      return aarch64 ? 0xc0 + level : 0xc1 + level;
  }
}

constexpr std::uint32_t address_size_fault_out = 0xe4;
constexpr std::uint32_t access_read = 2U << 8;
constexpr std::uint32_t access_write = 3U << 8;

}  // namespace

// ---- commands

void MaliCore::mmu_command(std::uint32_t as, std::uint32_t code) {
  if (m_resetting) return;
  Command& c = m_commands[as];
  const char* wrong = nullptr;
  if (code > FLUSH_MEM) wrong = "which is no command";
  if (c.code != NOP) wrong = "while AS_STATUS says that one is being worked on";
  if (wrong != nullptr) {
    m_diag.guest_error("AS_COMMAND", fmt::format("{} was written to AS{}_COMMAND, {}", code, as, wrong),
                       sheet);
    return;
  }
  if (code == NOP) return;
  c = {code, get64(m_registers, AS_LOCKADDR_LO, as), m_now + m_config.mmu_command_ps};
  elapse_command(as);
}

void MaliCore::elapse_command(std::uint32_t as) {
  Command& c = m_commands[as];
  if (c.code == NOP || c.due > m_now) return;
  if (c.code == FLUSH_MEM && m_on_their_way[as] != 0) return;
  const std::uint32_t code = c.code;
  c.code = NOP;
  MaliAddressSpace& space = m_spaces[as];
  if (code == LOCK) {
    space.lock(c.LOCKADDR);
    return;
  }
  if (code == UPDATE) {
    const char* wrong =
        space.update(get64(m_registers, AS_TRANSTAB_LO, as), get64(m_registers, AS_MEMATTR_LO, as),
                     m_config.has_TRANSCFG() ? get64(m_registers, AS_TRANSCFG_LO, as) : 0);
    if (wrong != nullptr) {
      m_diag.guest_error("UPDATE", fmt::format("address space {} stays unmapped: {}", as, wrong), sheet);
    }
  } else if (!space.unlock() && code != UNLOCK) {
    m_diag.guest_error("FLUSH",
                       fmt::format("a flush of address space {} without a locked region takes "
                                   "nothing out of its TLB",
                                   as),
                       sheet);
  }
  try_again(as);
}

void MaliCore::try_again(std::uint32_t as) {
  for (MaliSlot& slot : m_slots) {
    if (slot.busy() && slot.as == as && slot.waits()) slot.state = MaliSlot::State::Translate;
  }
}

// ---- translation

// @return whether the slot's access can go out. Otherwise it walks, waits, or its chain has ended.
bool MaliCore::translate(MaliSlot& slot) {
  MaliAddressSpace& space = m_spaces[slot.as];
  if (space.is_locked(slot.va)) {
    slot.state = MaliSlot::State::Lock;
    return false;
  }
  switch (space.mode()) {
    case MaliAddressSpace::Mode::Unmapped:
      end_by_unmapping(slot);
      return false;
    case MaliAddressSpace::Mode::Identity:
      if (slot.va >> MaliAddressSpace::output_bits != 0) {
        fault(slot, address_size_fault_out);
        return false;
      }
      slot.pa = slot.va;
      slot.state = MaliSlot::State::Data;
      return true;
    case MaliAddressSpace::Mode::Tables:
      break;
  }
  if (const auto pa = space.find(slot.va, slot.write)) {
    ++m_counters.tlb_hits;
    slot.pa = *pa;
    slot.state = MaliSlot::State::Data;
    return true;
  }
  ++m_counters.walks;
  slot.walk = space.walk(slot.va, slot.write);
  slot.walk_generation = space.generation();
  slot.state = MaliSlot::State::Walk;
  return false;
}

void MaliCore::walked(MaliSlot& slot) {
  MaliAddressSpace& space = m_spaces[slot.as];
  const pgtable::Result result = slot.walk->result();
  slot.walk.reset();
  slot.state = MaliSlot::State::Translate;
  // A command has come between: what was found may be what it took away.
  if (slot.walk_generation != space.generation()) return;
  if (!result.ok()) {
    fault(slot, code_of(result.fault, space.aarch64()),
          result.fault.kind == pgtable::FaultKind::external_abort);
    return;
  }
  space.fill(slot.va, result);
  slot.pa = result.output;
  slot.state = MaliSlot::State::Data;
}

// ---- faults

void MaliCore::fault(MaliSlot& slot, std::uint32_t code, bool bus_error) {
  slot.state = MaliSlot::State::Fault;
  slot.fault_status = code | (slot.write ? access_write : access_read) | number(slot) << 16;
  slot.fault_is_bus_error = bus_error;
  slot.fault_told = false;
  tell_fault(slot);
}

// One fault of an address space is shown at a time.
void MaliCore::tell_fault(MaliSlot& slot) {
  if ((m_registers.get(MMU_INT_RAWSTAT) & (0x10001U << slot.as)) != 0) return;
  slot.fault_told = true;
  m_registers.set(AS_FAULTSTATUS, slot.fault_status, slot.as);
  set64(m_registers, AS_FAULTADDRESS_LO, slot.va, slot.as);
  raise(MMU_INT_RAWSTAT, 1U << (slot.fault_is_bus_error ? slot.as + 16 : slot.as));
  ++m_counters.page_faults;
  m_last_fault = {slot.as, slot.fault_status, slot.va};
}

void MaliCore::tell_next_fault(std::uint32_t as) {
  for (MaliSlot& slot : m_slots) {
    const bool untold = slot.busy() && slot.state == MaliSlot::State::Fault && !slot.fault_told;
    if (untold && slot.as == as) tell_fault(slot);
  }
}

void MaliCore::gpu_fault(std::uint64_t address) {
  if ((m_registers.get(GPU_INT_RAWSTAT) & GPU_FAULT) != 0) {
    raise(GPU_INT_RAWSTAT, MULTIPLE_GPU_FAULTS);
    return;
  }
  m_registers.set(GPU_FAULT_STATUS, DELAYED_BUS_FAULT | access_write);
  set64(m_registers, GPU_FAULT_ADDRESS_LO, address);
  raise(GPU_INT_RAWSTAT, GPU_FAULT);
}

}  // namespace smmuvp
