// Stands for an SMMU that knows ATS: page tables as a map, and memory.
#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "smmuvp/base/dma.h"

namespace smmuvp::test {

/// A region of untranslated addresses.
struct Mapping {
  std::uint64_t output = 0;
  unsigned shift = 12;
  bool read = true, write = true, execute = false;
  bool global = false, untranslated_only = false;
};

class Upstream {
 public:
  static constexpr std::uint64_t base = 0x40000000;
  static constexpr std::uint64_t bytes = 8 << 20;
  static constexpr int no_pasid = -1;

  Upstream() : memory(bytes) {}

  void map(int pasid, std::uint64_t address, const Mapping& mapping) {
    tables[{pasid, address >> mapping.shift << mapping.shift}] = mapping;
  }
  void unmap(int pasid, std::uint64_t address) { tables.erase({pasid, address}); }
  const Mapping* find(int pasid, std::uint64_t address) const {
    for (const auto& [where, mapping] : tables) {
      if (where.first == pasid && where.second <= address && address - where.second < 1ULL << mapping.shift)
        return &mapping;
    }
    return nullptr;
  }
  std::uint8_t* at(std::uint64_t physical) { return memory.data() + (physical - base); }
  static bool is_memory(std::uint64_t physical, std::uint32_t length) {
    return physical >= base && physical - base < bytes && length <= bytes - (physical - base);
  }

  /// Carries an operation out. Untranslated ones without PASID are at physical addresses unless mapped.
  DmaResponse perform(DmaOperation& o, DmaBuffer& data) {
    seen.push_back(o);
    const int pasid = o.substream_valid ? static_cast<int>(o.substream_id) : no_pasid;
    switch (o.ats) {
      case DmaAts::TranslationRequest:
        o.ats_fields.translation = answer(pasid, o);
        return DmaResponse::Ok;
      case DmaAts::PageRequest:
        return page_response;
      case DmaAts::Translated:
        return access(o.address, o, data);
      default:
        break;
    }
    const Mapping* m = find(pasid, o.address);
    if (m == nullptr) return pasid == no_pasid ? access(o.address, o, data) : DmaResponse::Generic;
    if (o.write ? !m->write : !m->read) return DmaResponse::Generic;
    return access(m->output + (o.address & ((1ULL << m->shift) - 1)), o, data);
  }

  std::map<std::pair<int, std::uint64_t>, Mapping> tables;
  std::vector<std::uint8_t> memory;
  std::vector<DmaOperation> seen;
  DmaTranslationStatus status = DmaTranslationStatus::Success;
  DmaResponse page_response = DmaResponse::Ok;
  bool always_privileged = false;

  std::size_t count(DmaAts type) const {
    std::size_t n = 0;
    for (const DmaOperation& o : seen) n += o.ats == type ? 1 : 0;
    return n;
  }

 private:
  DmaTranslation answer(int pasid, const DmaOperation& o) const {
    DmaTranslation t;
    t.status = status;
    if (status != DmaTranslationStatus::Success) return t;
    t.privileged = o.privileged || always_privileged;
    const Mapping* m = find(pasid, o.address);
    if (m == nullptr) return t;
    t.address = m->output;
    t.size_shift = static_cast<std::uint8_t>(m->shift);
    t.read = m->read;
    t.write = m->write && !o.ats_fields.no_write;
    t.execute = m->execute && o.instruction;
    t.global = m->global;
    t.untranslated_only = m->untranslated_only;
    return t;
  }
  DmaResponse access(std::uint64_t physical, const DmaOperation& o, DmaBuffer& data) {
    if (!is_memory(physical, o.length)) return DmaResponse::Address;
    if (o.write) {
      std::memcpy(at(physical), data.data(), o.length);
    } else {
      std::memcpy(data.data(), at(physical), o.length);
    }
    return DmaResponse::Ok;
  }
};

/// Offsets in the extended capabilities, from each one's start.
constexpr std::uint16_t ID_ATS = 0x0f, ID_PRI = 0x13, ID_PASID = 0x1b;
constexpr std::uint32_t ATS_CONTROL = 6, PASID_CONTROL = 6, PRI_CONTROL = 4, PRI_STATUS = 6, PRI_CAPACITY = 8,
                        PRI_ALLOCATION = 12;
constexpr std::uint16_t ATS_ENABLE = 0x8000, PASID_ENABLE = 1, PASID_EXECUTE = 2, PASID_PRIVILEGED = 4,
                        PRI_ENABLE = 1, PRI_RESET = 2, RESPONSE_FAILURE = 1, UPRGI = 2, STOPPED = 0x100,
                        PASID_REQUIRED = 0x8000;
/// docs/pcie.md, Jobs with PASID and ATS
constexpr std::uint32_t ATS_CAPS = 0x040, ATS_CTRL = 0x044, ATC_LIMIT = 0x048, ATC_USED = 0x04c,
                        PAGES_OUTSTANDING = 0x050;
constexpr std::uint32_t NO_FILL = 1, FLUSH = 2, NO_COMPLETION = 4, RING = 8;
constexpr std::uint32_t SSV = 1 << 9, PRIV = 1 << 10, INST = 1 << 11, UNTRANSLATED = 1 << 12,
                        TRANSLATED = 2 << 12, PAGES = 1 << 14, NO_WRITE = 1 << 15, MARKER = 1 << 16;
constexpr std::uint32_t OP_READ = 1, OP_WRITE = 2, OP_COPY = 3, OP_TRANSLATE = 5, OP_PASID_STOP = 6;
constexpr std::uint32_t OK = 1, READ_ERROR = 2, WRITE_ERROR = 3, BAD_DESCRIPTOR = 5, TRANSLATION_ERROR = 6,
                        NO_RIGHTS = 7, PAGE_INVALID = 8, PAGE_FAILURE = 9;

}  // namespace smmuvp::test
