// Context banks with tables, as tests fill them in.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <optional>

#include "context_banks.h"
#include "smmuvp/pgtable/builder.h"

namespace smmuvp::smmu::banks {
using pgtable::Builder;
using pgtable::Format;
using pgtable::Mapping;
using pgtable::Stage;

constexpr std::uint64_t KiB4 = 0x1000;
constexpr std::uint64_t MiB1 = 0x10'0000;
constexpr std::uint64_t MiB16 = 0x100'0000;

inline AccessRequest request(std::uint32_t stream, std::uint64_t address,
                             AccessKind kind = AccessKind::read) {
  AccessRequest r;
  r.stream_id = stream;
  r.address = address;
  r.kind = kind;
  return r;
}

inline pgtable::Stage1Config stage1_of(Format format) {
  pgtable::Stage1Config c;
  c.format = format;
  c.MAIR = 0xff;
  c.tables[0].EPD = false;
  c.tables[0].TxSZ = format == Format::vmsa64 ? 25 : 0;
  c.output_size = format == Format::vmsa64 ? 44 : 40;
  return c;
}

inline pgtable::Stage2Config stage2_of(Format format) {
  pgtable::Stage2Config c;
  c.format = format;
  c.T0SZ = format == Format::vmsa64 ? 24 : -8;  // 40 bits
  c.start_level = 1;
  c.output_size = format == Format::vmsa64 ? 44 : 40;
  return c;
}

/// Banks of all kinds, each with tables of its own. StreamID n is mapped to bank n.
class ContextBanks : public testing::Test {
 protected:
  // What stage 1 over stage 2 has its tables at, as an IPA, and the PA behind it
  static constexpr std::uint64_t tables_ipa = 0x4000'0000;
  static constexpr std::uint64_t tables_pa = 0x2'4000'0000;

  ContextBanks() {
    for (unsigned n = 0; n < banks; ++n) smmu.S2CR[n] = n;
  }
  std::optional<std::uint64_t> allocate(std::uint64_t size) {
    m_next = (m_next + size - 1) & ~(size - 1);
    const std::uint64_t at = m_next;
    m_next += size;
    return at;
  }
  /// Bank n translates by stage 1.
  Builder& stage1(unsigned n, Format format, std::uint16_t VMID = 1, std::uint16_t ASID = 1) {
    Bank& b = smmu.bank(n);
    b.TYPE = Type::stage1;
    b.VMID = VMID;
    b.ASID = ASID;
    b.VA64 = format == Format::vmsa64;
    pgtable::Config c;
    c.stage1 = stage1_of(format);
    m_builders.emplace_back(
        c, Stage::stage1, [this](const pgtable::MemoryOp& op) { return memory(op); },
        [this](std::uint64_t size) { return allocate(size); });
    b.stage1 = m_builders.back().config().stage1;
    return m_builders.back();
  }
  Builder& stage2(unsigned n, Format format, std::uint16_t VMID = 1) {
    Bank& b = smmu.bank(n);
    b.TYPE = Type::stage2;
    b.VMID = VMID;
    b.VA64 = format == Format::vmsa64;
    pgtable::Config c;
    c.stages = pgtable::Stages::stage2;
    c.stage2 = stage2_of(format);
    m_builders.emplace_back(
        c, [this](const pgtable::MemoryOp& op) { return memory(op); },
        [this](std::uint64_t size) { return allocate(size); });
    b.stage2 = m_builders.back().config().stage2;
    return m_builders.back();
  }
  /// Bank n translates by stage 1, then by that of bank `second`.
  Builder& nested(unsigned n, Format format, unsigned second, std::uint16_t ASID = 1) {
    stage1(n, format, smmu.bank(second).VMID, ASID);
    m_builders.pop_back();
    Bank& b = smmu.bank(n);
    b.TYPE = Type::nested;
    b.CBNDX = second;
    pgtable::Config c;
    c.stages = pgtable::Stages::nested;
    c.stage1 = stage1_of(format);
    c.stage2 = smmu.bank(second).stage2;
    m_builders.emplace_back(
        c, Stage::stage1,
        [this](pgtable::MemoryOp op) {
          op.address += tables_pa - tables_ipa;
          return memory(op);
        },
        [this](std::uint64_t size) {
          m_next_ipa = (m_next_ipa + size - 1) & ~(size - 1);
          const std::uint64_t at = m_next_ipa;
          m_next_ipa += size;
          return std::optional<std::uint64_t>(at);
        });
    b.stage1 = m_builders.back().config().stage1;
    return m_builders.back();
  }
  /// The output of a read, or nothing.
  std::optional<std::uint64_t> output(unsigned bank, std::uint64_t address) {
    const Seen& s = smmu.access(request(bank, address));
    if (s.end != Outcome::forward) return std::nullopt;
    return s.parts.back().output;
  }
  bool hits(unsigned bank, std::uint64_t address) {
    const Seen& s = smmu.access(request(bank, address));
    return s.end == Outcome::forward && s.parts.back().hit;
  }

  static constexpr unsigned banks = 8;
  Memory memory;
  Smmu smmu{banks, [this](const MemoryOp& op) { return memory(op); }};

 private:
  std::deque<Builder> m_builders;
  std::uint64_t m_next = 0x5000'0000;
  std::uint64_t m_next_ipa = tables_ipa;
};

}  // namespace smmuvp::smmu::banks
