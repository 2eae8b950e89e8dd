// What the UnicornCore does about memory: accesses to what is not RAM, and RAM as others see it.
#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "load_store.h"
#include "unicorn_core.h"

namespace smmuvp::cpu {
namespace {

constexpr uint64_t PAGE = 4096;
constexpr SystemRegister par_el1{3, 0, 7, 4, 0};

}  // namespace

// ---- Accesses to what is not RAM

uint64_t UnicornCore::on_mmio_read(uc_engine*, uint64_t offset, unsigned size, void* user) {
  const auto* gap = static_cast<const Gap*>(user);
  Outcome outcome{};
  gap->core->serve(gap->base + offset, size, false, 0, outcome);
  if (outcome.kind != Outcome::Kind::value) gap->core->raise(outcome);
  return outcome.value;
}

void UnicornCore::on_mmio_write(uc_engine*, uint64_t offset, unsigned size, uint64_t value, void* user) {
  const auto* gap = static_cast<const Gap*>(user);
  Outcome outcome{};
  gap->core->serve(gap->base + offset, size, true, value, outcome);
  if (outcome.kind != Outcome::Kind::value) gap->core->raise(outcome);
}

void UnicornCore::raise(const Outcome& o) {
  if (o.kind == Outcome::Kind::alignment_fault) {
    m_access->alignment_fault(o.va, o.write);
  } else {
    m_access->external_abort(o.va, o.address, o.size, o.write, o.fetch, o.slave_error);
  }
}

void UnicornCore::serve(uint64_t address, unsigned size, bool write, uint64_t value, Outcome& outcome) {
  const EngineAccess::Access access = m_access->begin_access(address, size);
  outcome.address = address;
  outcome.size = size;
  outcome.write = write;
  if (access.accessor == EngineAccess::Accessor::abandoned) return;
  if (access.accessor == EngineAccess::Accessor::table_walk) {
    m_host.diag().unimplemented("walk", "a translation table that is not in RAM reads as invalid descriptors",
                                "DDI 0487 D5.2", {}, address);
    return;
  }
  if (access.accessor == EngineAccess::Accessor::fetch) {
    // Instructions are fetched from RAM only; anything else answers with an external abort, and devices see
    // no speculative reads.
    ++m_statistics.external_aborts;
    outcome.kind = Outcome::Kind::external_abort;
    outcome.fetch = true;
    outcome.va = m_access->pc();
    return;
  }
  serve_data(address, size, write, value, outcome, access.instruction.has_value(),
             access.instruction.value_or(0));
}

// Joins the halves of an access that the library has cut: the device is read at the first, and written at the
// second.
BusStatus UnicornCore::bus_access(const std::optional<LoadStore>& insn, BusAccess& access) {
  Half half;
  if (m_access->halves_accesses() && access.size == 4 && insn && insn->element >= 8) {
    half = std::exchange(m_half, Half());
    if (half.valid && half.address == access.address) {
      if (!access.write) {
        access.value = half.value;
        return BusStatus::ok;
      }
      access.address -= 4;
      access.value = access.value << 32 | half.value;
      access.size = 8;
    } else if (access.address % 8 == 0) {
      half = {access.address + 4, access.value, true};
      if (access.write) {
        m_half = half;
        return BusStatus::ok;
      }
      access.size = 8;
    }
  }
  ++(access.write ? m_statistics.mmio_writes : m_statistics.mmio_reads);
  const bool low = access.size == 8 && half.valid && !access.write;
  const BusStatus status = m_host.bus_access(access);
  if (low && status == BusStatus::ok) {
    m_half = {half.address, access.value >> 32, true};
    access.value &= 0xffffffffu;
  }
  return status;
}

void UnicornCore::serve_data(uint64_t address, unsigned size, bool write, uint64_t value, Outcome& outcome,
                             bool known, uint32_t word) {
  try {
    std::optional<LoadStore> insn;
    if (known) insn = decode_load_store(word, m_access->pc(), [this](unsigned n) { return m_access->x(n); });
    outcome.va = address;
    if (insn) {
      // The library may have cut the access into aligned pieces; the page offset tells which piece this is.
      const uint64_t delta = (address - insn->address) & (PAGE - 1);
      outcome.va = delta < insn->bytes ? insn->address + delta : insn->address;
      // DDI 0487 B2.7.2 and C6.2, DC ZVA: unaligned accesses and DC ZVA fault on any Device memory.
      const bool unaligned = (insn->address & (insn->element - 1)) != 0;
      if ((unaligned || insn->zero_block) && is_device_memory(insn->address)) {
        outcome.kind = Outcome::Kind::alignment_fault;
        outcome.va = insn->address;
        return;
      }
    }
    BusAccess access;
    access.address = address;
    access.size = size;
    access.write = write;
    access.value = value;
    access.privileged = current_el() != 0 && !(insn && insn->unprivileged);
    access.pc = m_access->pc();
    if (m_store_noted) tell_stores(access.pc);
    const BusStatus status = bus_access(insn, access);
    if (m_shared) lose_monitor();  // time has passed, and the others may have run
    outcome.va -= address - access.address;
    outcome.address = access.address;
    if (status == BusStatus::ok) {
      outcome.value = access.value;
      return;
    }
    ++m_statistics.external_aborts;
    outcome.kind = Outcome::Kind::external_abort;
    outcome.slave_error = status == BusStatus::slave_error;
  } catch (const std::exception& e) {
    fail(e.what());
  } catch (...) {
    fail("the bus call-back threw");
  }
}

// By the CPU's own AT S1E1R or S1E0R: PAR_EL1.ATTR is 0b0000xxxx for Device (DDI 0487 D13.2.98).
bool UnicornCore::is_device_memory(uint64_t va) {
  const uint64_t saved = get_system(par_el1);
  set_system({1, 0, 7, 8, current_el() == 0 ? 2u : 0u}, va);
  const uint64_t par = get_system(par_el1);
  set_system(par_el1, saved);
  return (par & 1) == 0 && (par >> 60) == 0;
}

// ---- Memory from outside

UnicornCore::Ram* UnicornCore::find_ram(uint64_t phys, uint64_t length) {
  for (Ram& r : m_ram) {
    if (phys >= r.base && phys - r.base < r.size && length <= r.size - (phys - r.base)) return &r;
  }
  return nullptr;
}

void UnicornCore::invalidate_code(uint64_t phys, uint64_t length) {
  if (length == 0 || !m_mapped) return;
  lose_monitor_at(phys, length);
  drop_code(phys, length);
}

void UnicornCore::drop_code(uint64_t phys, uint64_t length) {
  const uint64_t last = std::max(phys, phys + (length - 1));
  bool any = false;
  for (Ram& r : m_ram) {
    const uint64_t from = std::max(phys, r.base), to = std::min(last, r.base + (r.size - 1));
    if (from > to) continue;
    for (uint64_t page = (from - r.base) / PAGE; page <= (to - r.base) / PAGE;) {
      if (page % 64 == 0 && r.code_pages[page / 64] == 0) {
        page += 64;
        continue;
      }
      const uint64_t bit = uint64_t{1} << (page % 64);
      if ((r.code_pages[page / 64] & bit) != 0) {
        const uint64_t start = std::max(from, r.base + page * PAGE),
                       end = std::min(to, r.base + page * PAGE + (PAGE - 1));
        if (end - start + 1 == PAGE) {
          r.code_pages[page / 64] &= ~bit;
          m_access->forget_page(r.host + (start - r.base));
        } else {
          m_access->invalidate(r.host + (start - r.base), end - start + 1);
        }
        any = true;
      }
      ++page;
    }
  }
  if (any) ++m_statistics.code_invalidations;
}

std::optional<uint64_t> UnicornCore::translate(uint64_t va) { return m_access->translate(va); }

template <class Copy>
size_t UnicornCore::debug_access(uint64_t va, size_t length, Copy copy) {
  size_t done = 0;
  while (done < length) {
    const auto phys = translate(va + done);
    const auto chunk =
        static_cast<size_t>(std::min<uint64_t>(length - done, PAGE - ((va + done) & (PAGE - 1))));
    Ram* r = phys ? find_ram(*phys, chunk) : nullptr;
    if (r == nullptr) break;
    copy(r->host + (*phys - r->base), done, chunk, *phys);
    done += chunk;
  }
  return done;
}

size_t UnicornCore::debug_read(uint64_t va, void* data, size_t length) {
  return debug_access(va, length, [&](const uint8_t* host, size_t offset, size_t n, uint64_t) {
    std::memcpy(static_cast<uint8_t*>(data) + offset, host, n);
  });
}

size_t UnicornCore::debug_write(uint64_t va, const void* data, size_t length) {
  return debug_access(va, length, [&](uint8_t* host, size_t offset, size_t n, uint64_t phys) {
    std::memcpy(host, static_cast<const uint8_t*>(data) + offset, n);
    invalidate_code(phys, n);
  });
}

std::optional<uint32_t> UnicornCore::read_word(uint64_t va) {
  uint32_t word = 0;
  if (debug_read(va, &word, sizeof word) != sizeof word) return std::nullopt;
  return word;
}

}  // namespace smmuvp::cpu
