// The command processor's core, memory for its accesses, and the registers of an SMMU that it writes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "sheet.h"
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/test/core.h"

namespace smmuvp::adreno_sheet {

using Port = AdrenoCore::Port;

class SparseMemory {
 public:
  std::uint8_t& byte(std::uint64_t address) { return m_pages[address / 4096][address % 4096]; }
  std::uint32_t get(std::uint64_t address) {
    std::uint32_t v = 0;
    for (unsigned i = 0; i < 4; ++i) v |= std::uint32_t{byte(address + i)} << (8 * i);
    return v;
  }
  void put(std::uint64_t address, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) byte(address + i) = static_cast<std::uint8_t>(value >> (8 * i));
  }
  void put(std::uint64_t address, const Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) put(address + 4 * i, words[i]);
  }

 private:
  std::map<std::uint64_t, std::array<std::uint8_t, 4096>> m_pages;
};

/// An access that the core has made.
struct Made {
  Port port;
  DmaOperation op;
};

class World {
 public:
  static constexpr std::uint64_t smmu = 0x9100000;
  static constexpr std::uint64_t ring = 0xffff'ff80'0000'1000;
  static constexpr std::uint64_t shadow = 0xffff'ff80'0000'0ff0;
  static constexpr std::uint32_t BUFSZ = 9;  // 4 KiB, 1024 words

  explicit World(const AdrenoConfig& config = {0x21, smmu, 500'000'000}) : core(config, diag) {}

  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    core.write(offset, bytes, value);
  }
  std::uint64_t get(std::uint32_t offset, unsigned bytes = 4) { return core.read(offset, bytes); }
  std::uint32_t interrupts() { return static_cast<std::uint32_t>(get(INT_0_STATUS)); }

  /// As a driver does it; CP_RB_RPTR is not written to memory.
  void start(std::uint32_t cntl = BUFSZ | NO_UPDATE) {
    set(RB_BASE, ring, 8);
    set(RB_CNTL, cntl);
    set(RB_RPTR_ADDR, shadow, 8);
    set(INT_0_MASK, 0xffffffff);
    set(SQE_CNTL, 1);
  }
  std::uint32_t words() { return 2U << (get(RB_CNTL) & 0x3f); }
  /// Puts words behind those that are there, without the doorbell.
  void put(const Words& packet) {
    for (const std::uint32_t w : packet) {
      memory.put(ring + 4ULL * tail, w);
      tail = (tail + 1) % words();
    }
  }
  void ring_doorbell() { set(RB_WPTR, tail); }
  void submit(const Words& packet) {
    put(packet);
    ring_doorbell();
  }

  /// One access, if there is one. @return whether there was
  bool step() {
    for (const Port port : {Port::Memory, Port::Smmu}) {
      DmaOperation op;
      DmaBuffer data{};
      if (!core.next(port, op, data)) continue;
      made.push_back({port, op});
      EXPECT_GE(op.length, 1U);
      EXPECT_LE(op.length, dma_burst_bytes);
      if (op.length > 8) {
        EXPECT_EQ(op.address / 4096, (op.address + op.length - 1) / 4096) << "crosses a page";
      }
      core.advance(now += 1000);
      const DmaResponse response = answer(port, op, data);
      core.complete(port, op, response, data);
      return true;
    }
    return false;
  }
  /// Until nothing is left to do without time passing. @return accesses
  unsigned run(unsigned limit = 1'000'000) {
    unsigned n = 0;
    while (n < limit && step()) ++n;
    EXPECT_LT(n, limit);
    return n;
  }
  /// Also lets time pass where the core waits for it. @return whether it did within `limit` waits
  bool run_on(unsigned limit = 1000) {
    for (unsigned i = 0; i < limit; ++i) {
      run();
      const auto at = core.next_event();
      if (!at) return true;
      core.advance(now = std::max(now, *at));
    }
    return false;
  }

  DmaResponse answer(Port port, const DmaOperation& op, DmaBuffer& data) {
    if (before_answer) before_answer(port, op);
    if (port == Port::Smmu) return answer_smmu(op, data);
    for (const auto& [address, response] : errors) {
      if (address >= op.address && address < op.address + op.length) return response;
    }
    for (std::uint32_t i = 0; i < op.length; ++i) {
      if (op.write) {
        memory.byte(op.address + i) = data[i];
      } else {
        data[i] = memory.byte(op.address + i);
      }
    }
    return DmaResponse::Ok;
  }
  DmaResponse answer_smmu(const DmaOperation& op, DmaBuffer& data) {
    if (smmu_error) return DmaResponse::Address;
    std::uint64_t value = 0;
    if (op.write) {
      std::memcpy(&value, data.data(), op.length);
      smmu_writes.emplace_back(op.address - smmu, value);
      return DmaResponse::Ok;
    }
    if (op.address - smmu == 0x24) {
      value = IDR1;
    } else if (sync_polls > 0) {
      --sync_polls;
      value = 1;
    }
    std::memcpy(data.data(), &value, op.length);
    return DmaResponse::Ok;
  }

  test::CapturingDiag sink;
  Diag diag{&sink, "gpu0"};
  AdrenoCore core;
  SparseMemory memory;
  std::map<std::uint64_t, DmaResponse> errors;
  std::function<void(Port, const DmaOperation&)> before_answer;
  std::vector<Made> made;
  std::uint64_t now = 0;
  std::uint32_t tail = 0;
  std::uint32_t IDR1 = 2U << 28 | 8;  // eight banks behind eight pages of 4 KiB
  unsigned sync_polls = 0;            // TLBSTATUS.SACTIVE is 1 so often
  bool smmu_error = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> smmu_writes;  // offset, value
};

}  // namespace smmuvp::adreno_sheet
