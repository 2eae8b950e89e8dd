// Breakpoints and single steps of the UnicornCore, by public means of the library: call-backs at addresses,
// and addresses at which a translated block ends.
#include "unicorn_core.h"

#include <cstring>

namespace smmuvp::cpu {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr size_t most_hooks = 4096;
constexpr SystemRegister sctlr_el1{3, 0, 1, 0, 0};
constexpr uint64_t nTWI = uint64_t{1} << 16;  // DDI 0487 D13.2.118, SCTLR_EL1.nTWI

}  // namespace

bool UnicornCore::set_breakpoint(uint64_t va) {
  if ((va & 3) != 0 || m_engine == nullptr) return false;
  if (m_hooked.count(va) == 0) {
    if (!hook_breakpoint(va)) return false;
    if (m_mapped) forget_code_at(va, 4);
  }
  m_breakpoints.insert(va);
  return true;
}

void UnicornCore::clear_breakpoint(uint64_t va) { m_breakpoints.erase(va); }

bool UnicornCore::hook_breakpoint(uint64_t va) {
  if (m_hooked.size() >= most_hooks) return false;
  uc_hook handle = 0;
  if (uc_hook_add(m_engine, &handle, UC_HOOK_CODE, reinterpret_cast<void*>(&on_breakpoint), this, va, va) !=
      UC_ERR_OK)
    return false;
  m_hooked.insert(va);
  return true;
}

// Code that was translated before the address got its meaning does not know of it. Where the address is not
// mapped now, it may be in another address space, so all code goes.
void UnicornCore::forget_code_at(uint64_t va, uint64_t length) {
  for (uint64_t done = 0; done < length; done += 4) {
    const auto phys = translate(va + done);
    if (Ram* r = phys ? find_ram(*phys, 4) : nullptr) {
      m_access->invalidate(r->host + (*phys - r->base), 4);
    } else if (done == 0) {
      for (Ram& all : m_ram) {
        for (uint64_t page = 0; page < all.size / PAGE; ++page) {
          if ((all.code_pages[page / 64] >> (page % 64) & 1) != 0)
            m_access->invalidate(all.host + page * PAGE, PAGE);
        }
      }
    }
  }
}

void UnicornCore::debug_stop(uint64_t pc) {
  m_debug_stop = true;
  m_debug_pc = pc;
  m_access->stop();
}

void UnicornCore::on_breakpoint(uc_engine*, uint64_t address, uint32_t, void* user) {
  auto* self = static_cast<UnicornCore*>(user);
  if (self->m_step != Step::none || self->m_breakpoints.count(address) == 0) return;
  // The block was counted as a whole.
  self->m_count -= (self->m_block_end - address) / 4;
  self->debug_stop(address);
}

Stop UnicornCore::resume() {
  if (!m_error.empty()) return error();
  m_resuming = true;
  m_limit = 0;
  return execute();
}

void UnicornCore::begin_step() {
  if (m_step != Step::armed) return;
  m_limit = 0;
  m_step_pc = m_access->pc();
  m_access->set_lines(false, false);
  uint64_t exit = m_step_pc + 4;
  uc_ctl_set_exits(m_engine, &exit, 1);
  m_access->set_exit(exit);
  forget_code_at(m_step_pc, 8);
  // The library's WFI at the exit obeys the trap of WFI at EL0, which the guest did not cause.
  const uint64_t control = get_system(sctlr_el1);
  m_step_set_ntwi = current_el() == 0 && (control & nTWI) == 0;
  if (m_step_set_ntwi) set_system(sctlr_el1, control | nTWI);
}

void UnicornCore::end_step() {
  if (m_step == Step::none) return;
  // Other ends of the execution loop; a guest that ended itself has no step to report.
  const bool goes_on = m_reason == StopReason::quantum || m_reason == StopReason::wfi ||
                       m_reason == StopReason::wfe || m_reason == StopReason::yield;
  if (!m_debug_stop && goes_on) {
    m_debug_stop = true;
    m_debug_pc = m_access->pc();
  }
  m_step = Step::none;
  uint64_t none = 0;
  uc_ctl_set_exits(m_engine, &none, 0);
  m_access->set_exit({});
  if (m_step_set_ntwi) set_system(sctlr_el1, get_system(sctlr_el1) & ~nTWI);
  const uint64_t pc = m_step_pc;
  forget_code_at(pc, 8);
  m_access->set_lines(m_irq, m_fiq);
}

// A stack stays where it is for a quantum.
const uint8_t* UnicornCore::on_stack(uint64_t va) {
  const uint64_t page = va & ~(PAGE - 1);
  if (m_stack_host == nullptr || m_stack_page != page) {
    const auto phys = translate(page);
    const Ram* r = phys ? find_ram(*phys, PAGE) : nullptr;
    if (r == nullptr) return nullptr;
    m_stack_page = page;
    m_stack_host = r->host + (*phys - r->base);
  }
  return m_stack_host + (va - page);
}

std::vector<uint64_t> UnicornCore::return_addresses(size_t most) {
  std::vector<uint64_t> found;
  if (most == 0) return found;
  found.push_back(m_access->x(30));
  uint64_t frame = m_access->x(29);
  while (found.size() < most && frame != 0 && frame % 16 == 0) {
    const uint8_t* record = on_stack(frame);
    if (record == nullptr) break;
    uint64_t next = 0;
    uint64_t link = 0;
    std::memcpy(&next, record, sizeof next);
    std::memcpy(&link, record + sizeof next, sizeof link);
    if (link == 0) break;
    if (link != found.back()) found.push_back(link);
    if (next <= frame) break;  // stacks grow downwards
    frame = next;
  }
  return found;
}

}  // namespace smmuvp::cpu
