// The job manager: slots, chains and jobs.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mali_registers.h"
#include "smmuvp/base/little_endian.h"
#include "smmuvp/mali/mali_core.h"

namespace smmuvp {

using namespace mali;  // NOLINT(google-build-using-namespace): the sheet's names
using Phase = MaliSlot::Phase;
using State = MaliSlot::State;

namespace {

constexpr std::uint32_t job_bytes = 64;
constexpr std::uint32_t written_back_bytes = 16;

enum SlotCommand : std::uint32_t {
  NOP,
  START,
  SOFT_STOP,
  HARD_STOP,
  SOFT_STOP_0,
  HARD_STOP_0,
  SOFT_STOP_1,
  HARD_STOP_1,
};

enum WriteValueKind : std::uint32_t {
  CYCLES = 1,
  TIMESTAMP,
  ZERO,
  IMMEDIATE_8,
  IMMEDIATE_16,
  IMMEDIATE_32,
  IMMEDIATE_64
};

constexpr std::uint64_t max_copy = 1ULL << 32;

}  // namespace

// ---- slots

void MaliCore::clear_job_interrupts(std::uint32_t bits) {
  m_registers.set(JOB_INT_RAWSTAT, m_registers.get(JOB_INT_RAWSTAT) & ~std::uint64_t{bits});
  // JS_STATE is sampled by this write, for the bits that it names (Linux, panfrost_job_handle_irq()).
  std::uint64_t state = m_registers.get(JOB_INT_JS_STATE) & ~std::uint64_t{bits};
  for (MaliSlot& slot : m_slots) {
    const std::uint32_t s = number(slot);
    if (slot.busy()) state |= bits & 1U << s;
    if (m_registers.get(JS_COMMAND_NEXT, s) != 0) state |= bits & 1U << (s + 16);
    if ((bits >> (s + 16) & 1) != 0) slot.blocked = false;
  }
  m_registers.set(JOB_INT_JS_STATE, state);
  for (MaliSlot& slot : m_slots) start(slot);
}

void MaliCore::slot_command(std::uint32_t s, std::uint32_t code) {
  MaliSlot& slot = m_slots[s];
  const std::uint64_t flag = m_registers.get(JS_CONFIG, s) & CONFIG_JOB_CHAIN_FLAG;
  if ((code == SOFT_STOP_0 || code == HARD_STOP_0) && flag != 0) return;
  if ((code == SOFT_STOP_1 || code == HARD_STOP_1) && flag == 0) return;
  if (code == START || code > HARD_STOP_1) {
    m_diag.guest_error("JS_COMMAND",
                       fmt::format("{} was written to JS{}_COMMAND: chains start by "
                                   "JS_COMMAND_NEXT, stops are 2 to 7",
                                   code, s),
                       sheet);
    return;
  }
  if (code == NOP || !slot.busy()) return;
  if (code == HARD_STOP || code == HARD_STOP_0 || code == HARD_STOP_1) {
    end_chain(slot, TERMINATED);
  } else if (slot.waits()) {
    end_chain(slot, STOPPED);
  } else {
    slot.soft_stop = true;
  }
}

// Hands the _NEXT registers over, if there is a chain in them and the slot is free.
void MaliCore::start(MaliSlot& slot) {
  const std::uint32_t s = number(slot);
  if (slot.busy() || slot.blocked || m_registers.get(JS_COMMAND_NEXT, s) == 0) return;
  const auto take = [&](Id to, Id from) { m_registers.set(to, m_registers.get(from, s), s); };
  take(JS_HEAD_LO, JS_HEAD_NEXT_LO);
  take(JS_HEAD_HI, JS_HEAD_NEXT_HI);
  take(JS_AFFINITY_LO, JS_AFFINITY_NEXT_LO);
  take(JS_AFFINITY_HI, JS_AFFINITY_NEXT_HI);
  take(JS_CONFIG, JS_CONFIG_NEXT);
  take(JS_XAFFINITY, JS_XAFFINITY_NEXT);
  m_registers.set(JS_COMMAND_NEXT, 0, s);
  m_registers.set(JS_STATUS, ACTIVE, s);
  ++m_counters.chains;
  slot.soft_stop = false;
  const std::uint64_t config = m_registers.get(JS_CONFIG, s);
  const std::uint64_t head = get64(m_registers, JS_HEAD_LO, s);
  slot.as = 0;
  slot.job = head;
  if ((config & CONFIG_AS) >= m_config.address_spaces) {
    end_chain(slot, JOB_CONFIG_FAULT);
    return;
  }
  slot.as = static_cast<std::uint32_t>(config & CONFIG_AS);
  if (m_power[L2].ready == 0) {
    end_chain(slot, JOB_POWER_FAULT);
  } else if ((get64(m_registers, JS_AFFINITY_LO, s) & get64(m_registers, PRESENT_LO, 0)) == 0) {
    end_chain(slot, JOB_AFFINITY_FAULT);
  } else {
    if ((config & CONFIG_START_MMU) != 0) m_spaces[slot.as].empty_tlb();
    begin_job(slot, head);
  }
}

void MaliCore::end_chain(MaliSlot& slot, std::uint32_t code) {
  const std::uint32_t s = number(slot);
  slot.phase = Phase::Idle;
  slot.walk.reset();
  slot.issued = false;
  ++slot.epoch;
  m_registers.set(JS_STATUS, code, s);
  set64(m_registers, JS_TAIL_LO, code == DONE ? 0 : slot.job, s);
  ++m_counters.ended_chains;
  m_last_end = {s, code, slot.job};
  if (code == DONE) {
    raise(JOB_INT_RAWSTAT, 1U << s);
    start(slot);
    return;
  }
  ++m_counters.failed_chains;
  raise(JOB_INT_RAWSTAT, 1U << (s + 16));
  slot.blocked = true;
}

// An access met an address space that is unmapped: there is no table to wait for.
void MaliCore::end_by_unmapping(MaliSlot& slot) {
  const bool failed_already = slot.phase == Phase::WriteBack && slot.code != DONE;
  end_chain(slot, failed_already ? slot.code : (slot.write ? JOB_WRITE_FAULT : JOB_READ_FAULT));
}

// ---- accesses

// @return whether `access` is to be made.
bool MaliCore::advance(MaliSlot& slot, DmaOperation& access, DmaBuffer& data) {
  // A walk that commands overtake begins anew, but no command comes while this loops.
  while (slot.busy() && !slot.issued && !slot.waits()) {
    if (slot.state == State::Translate) {
      translate(slot);
    } else if (slot.state == State::Walk && slot.walk->step() == pgtable::Step::done) {
      walked(slot);
    } else {
      issue(slot, access, data);
      return true;
    }
  }
  if (slot.busy() && slot.waits() && slot.soft_stop) end_chain(slot, STOPPED);
  return false;
}

void MaliCore::begin_access(MaliSlot& slot, Phase phase, bool write, std::uint64_t va, std::uint32_t length) {
  slot.phase = phase;
  slot.state = State::Translate;
  slot.write = write;
  slot.va = va;
  slot.length = length;
}

void MaliCore::accessed(MaliSlot& slot, DmaResponse response, const DmaBuffer& data) {
  const bool ok = response == DmaResponse::Ok;
  if (slot.state == State::Walk) {
    pgtable::MemoryResponse answer;
    answer.status = ok ? pgtable::MemoryStatus::ok : pgtable::MemoryStatus::external_abort;
    if (ok) answer.data = load_little_endian(data.data(), 8);
    slot.walk->complete(answer);
    return;
  }
  if (!ok) {
    if (slot.phase != Phase::WriteBack) {
      finish_job(slot, JOB_BUS_FAULT, slot.va);
      return;
    }
    gpu_fault(slot.pa);
    end_chain(slot, slot.code == DONE ? JOB_BUS_FAULT : slot.code);
    return;
  }
  (slot.write ? m_counters.written_bytes : m_counters.read_bytes) += slot.length;
  switch (slot.phase) {
    case Phase::Idle:
      break;
    case Phase::Fetch:
      fetched(slot, data);
      break;
    case Phase::Write:
      finish_job(slot, DONE);
      break;
    case Phase::CopyRead:
      std::copy_n(data.begin(), slot.length, slot.piece.begin());
      begin_access(slot, Phase::CopyWrite, true, slot.word64(10) + slot.copied, slot.length);
      break;
    case Phase::CopyWrite:
      m_counters.copied_bytes += slot.length;
      slot.copied += slot.length;
      if (slot.copied == slot.word64(12)) {
        finish_job(slot, DONE);
      } else {
        copy_piece(slot);
      }
      break;
    case Phase::WriteBack:
      job_over(slot);
      break;
  }
}

// ---- jobs

void MaliCore::begin_job(MaliSlot& slot, std::uint64_t address) {
  slot.job = address;
  set64(m_registers, JS_TAIL_LO, address, number(slot));
  if (address % job_bytes != 0) {
    m_diag.guest_error("JOB.address", "a job is not aligned to 64 bytes", sheet, {}, address);
    end_chain(slot, JOB_CONFIG_FAULT);
    return;
  }
  begin_access(slot, Phase::Fetch, false, address, job_bytes);
}

void MaliCore::fetched(MaliSlot& slot, const DmaBuffer& data) {
  for (unsigned i = 0; i < slot.words.size(); ++i) {
    slot.words[i] = static_cast<std::uint32_t>(load_little_endian(data.data() + 4 * std::size_t{i}, 4));
  }
  switch (slot.type()) {
    case NULL_JOB:
    case CACHE_FLUSH:
      finish_job(slot, DONE);
      break;
    case WRITE_VALUE:
      write_value(slot);
      break;
    case COPY:
      begin_copy(slot);
      break;
    default: {
      const std::string text = fmt::format("a job of type {}", slot.type());
      if (slot.type() > CACHE_FLUSH && slot.type() <= last_of_a_real_GPU) {
        m_diag.unimplemented("JOB.Type", text + ", which needs a shader core or tiler", sheet, {}, slot.job);
      } else {
        m_diag.guest_error("JOB.Type", text + ", which no GPU has", sheet, {}, slot.job);
      }
      finish_job(slot, JOB_CONFIG_FAULT);
      break;
    }
  }
}

// Mesa, genxml: Write Value Job Payload.
void MaliCore::write_value(MaliSlot& slot) {
  constexpr std::array<std::uint8_t, 8> sizes{0, 8, 8, 4, 1, 2, 4, 8};
  const std::uint32_t kind = slot.words[10];
  const std::uint64_t address = slot.word64(8);
  if (kind < CYCLES || kind > IMMEDIATE_64) {
    m_diag.guest_error("WRITE_VALUE", fmt::format("a WRITE_VALUE job of kind {}", kind), sheet, {}, slot.job);
    finish_job(slot, JOB_CONFIG_FAULT);
    return;
  }
  if (address % sizes[kind] != 0) {
    m_diag.guest_error("WRITE_VALUE", "a WRITE_VALUE job's address is not aligned to its size", sheet, {},
                       address);
    finish_job(slot, DATA_INVALID_FAULT, address);
    return;
  }
  std::uint64_t value = slot.word64(12);
  if (kind == CYCLES) value = cycles();
  if (kind == TIMESTAMP) value = timestamp();
  if (kind == ZERO) value = 0;
  store_little_endian(slot.piece.data(), value, sizes[kind]);
  begin_access(slot, Phase::Write, true, address, sizes[kind]);
}

void MaliCore::begin_copy(MaliSlot& slot) {
  const std::uint64_t length = slot.word64(12);
  const auto wraps = [length](std::uint64_t address) { return length - 1 > ~address; };
  if (length == 0 || length > max_copy || wraps(slot.word64(8)) || wraps(slot.word64(10))) {
    m_diag.guest_error("COPY", fmt::format("a COPY job of {:#x} bytes, or to or from beyond the end", length),
                       sheet, {}, slot.job);
    finish_job(slot, JOB_CONFIG_FAULT);
    return;
  }
  slot.copied = 0;
  copy_piece(slot);
}

void MaliCore::copy_piece(MaliSlot& slot) {
  const auto to_boundary = [](std::uint64_t address) {
    return MaliSlot::piece_bytes - address % MaliSlot::piece_bytes;
  };
  const std::uint64_t source = slot.word64(8) + slot.copied;
  const std::uint64_t destination = slot.word64(10) + slot.copied;
  const std::uint64_t left = slot.word64(12) - slot.copied;
  const std::uint64_t length = std::min({left, to_boundary(source), to_boundary(destination)});
  begin_access(slot, Phase::CopyRead, false, source, static_cast<std::uint32_t>(length));
}

// Writes words 0 to 3 of the job.
void MaliCore::finish_job(MaliSlot& slot, std::uint32_t code, std::uint64_t fault_pointer) {
  slot.code = code;
  if ((m_registers.get(JS_CONFIG, number(slot)) & CONFIG_DISABLE_DESCRIPTOR_WR_BK) != 0) {
    job_over(slot);
    return;
  }
  store_little_endian(slot.piece.data(), code, 8);
  store_little_endian(slot.piece.data() + 8, fault_pointer, 8);
  begin_access(slot, Phase::WriteBack, true, slot.job, written_back_bytes);
}

void MaliCore::job_over(MaliSlot& slot) {
  if (slot.code != DONE) {
    end_chain(slot, slot.code);
    return;
  }
  ++m_counters.jobs;
  const std::uint64_t next = slot.next();
  if (next == 0) {
    end_chain(slot, DONE);
  } else if (slot.soft_stop) {
    slot.job = next;
    end_chain(slot, STOPPED);
  } else {
    begin_job(slot, next);
  }
}

}  // namespace smmuvp
