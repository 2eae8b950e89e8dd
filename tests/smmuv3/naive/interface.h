// SPDX-License-Identifier: MIT
//
// A programming interface: the registers of one Security state, as they read (IHI 0070 3.10.2.1, 6.3).
#pragma once

#include <cstdint>
#include <map>

#include "naive.h"

namespace naive_smmuv3 {

using naive::Space;

/// Pulses of the wired interrupts, and of the event to the PEs.
struct Wires {
  unsigned event = 0;
  unsigned gerror = 0;
  unsigned cmd_sync = 0;
  unsigned sev = 0;
  unsigned priq = 0;
};

/// A group of ATOS registers (chapter 9).
struct AtosRegisters {
  uint32_t CTRL = 0;
  uint64_t SID = 0, ADDR = 0, PAR = 0;
};

/// Of which state an invalidation was consumed from a Command queue since that queue's last CMD_SYNC, and
/// whether a CMD_ATC_INV among them will never complete.
struct Invalidated {
  bool non_secure = false, secure = false;
  bool atc_timed_out = false;
  [[nodiscard]] bool of(Space space) const { return space == Space::secure ? secure : non_secure; }
  [[nodiscard]] bool any() const { return non_secure || secure; }
  void add(Space space) { (space == Space::secure ? secure : non_secure) = true; }
};

/// A Command queue of a control page (3.5.6).
struct Ecmdq {
  uint64_t BASE = 0;
  uint32_t PROD = 0, CONS = 0;
  Invalidated invalidated;

  [[nodiscard]] bool enabled() const { return (PROD & (1u << 31)) != 0; }
  [[nodiscard]] bool error_active() const { return ((PROD ^ CONS) & (1u << 23)) != 0; }
};

struct Interface {
  explicit Interface(Space state) : space(state) {}

  Space space;
  uint32_t CR0 = 0, CR1 = 0, CR2 = 0, GBPA = 0, IRQ_CTRL = 0, GERROR = 0, GERRORN = 0;
  uint64_t GERROR_IRQ_CFG0 = 0, EVENTQ_IRQ_CFG0 = 0;
  uint32_t GERROR_IRQ_CFG1 = 0, GERROR_IRQ_CFG2 = 0, EVENTQ_IRQ_CFG1 = 0, EVENTQ_IRQ_CFG2 = 0;
  uint64_t STRTAB_BASE = 0, CMDQ_BASE = 0, EVENTQ_BASE = 0;
  uint32_t STRTAB_BASE_CFG = 0, CMDQ_PROD = 0, CMDQ_CONS = 0, EVENTQ_PROD = 0, EVENTQ_CONS = 0;
  uint32_t GMPAM = 0, GBPMPAM = 0;
  AtosRegisters GATOS, VATOS;
  uint32_t VATOS_SEL = 0;

  std::map<unsigned, Ecmdq> ecmdqs;  ///< those that were written, counted through all control pages

  Invalidated invalidated;  ///< by the queue of CMDQ_BASE
  Wires wires;

  [[nodiscard]] bool secure() const { return space == Space::secure; }
  [[nodiscard]] bool SMMUEN() const { return (CR0 & 1) != 0; }
  [[nodiscard]] bool PRIQEN() const { return (CR0 & 2) != 0; }
  [[nodiscard]] bool EVENTQEN() const { return (CR0 & 4) != 0; }
  [[nodiscard]] bool CMDQEN() const { return (CR0 & 8) != 0; }
  [[nodiscard]] bool ATSCHK() const { return (CR0 & 16) != 0; }
  [[nodiscard]] bool ecmdq_enabled() const {
    for (const auto& [n, ecmdq] : ecmdqs) {
      if (ecmdq.enabled()) return true;
    }
    return false;
  }
  [[nodiscard]] bool SIF() const { return secure() && (CR0 & 0x20) != 0; }
  [[nodiscard]] bool NSSTALLD() const { return secure() && (CR0 & 0x200) != 0; }
};

}  // namespace naive_smmuv3
