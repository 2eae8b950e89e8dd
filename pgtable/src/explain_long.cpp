// Long descriptors: VMSAv8-64 (DDI 0487 D8.3), VMSAv8-32 (G5.5), Mali.
#include <array>

#include "explain_fields.h"

namespace smmuvp::pgtable::detail {
namespace {

class LongDescriptor {
 public:
  LongDescriptor(DescriptorFormat format, int level, std::uint64_t d, const ExplainSettings& s)
      : m_level(level), m_d(d), m_s(s), m_fields(d, m_e) {
    m_aarch64 = format == DescriptorFormat::lpae64_s1 || format == DescriptorFormat::lpae64_s2;
    m_mali = format == DescriptorFormat::mali;
    m_stage1 = format == DescriptorFormat::lpae64_s1 || format == DescriptorFormat::lpae32_s1;
    m_two_privileges = s.regime == Regime::el1_0 || s.regime == Regime::el2_0;
    m_granule = m_aarch64 ? static_cast<unsigned>(s.granule) : 12;
    m_lpa = m_aarch64 && m_granule == 16 && s.LPA;
    m_ds = m_aarch64 && m_granule != 16 && s.DS;
    m_size = m_granule + (m_granule - 3) * static_cast<unsigned>(3 - level);
  }

  Explanation explain() {
    m_e.kind = kind();
    switch (m_e.kind) {
      case DescriptorKind::invalid:
        m_fields.ignored(63, 1);
        m_fields.add(0, 0, "Valid", FieldUse::type, "invalid descriptor");
        break;
      case DescriptorKind::reserved:
        m_fields.ignored(63, 2, "the encoding is reserved");
        type("reserved at this level");
        break;
      case DescriptorKind::table:
        m_mali ? mali_table() : table();
        break;
      default:
        m_e.size_shift = static_cast<std::uint8_t>(m_size);
        m_mali ? mali_leaf() : leaf();
    }
    return m_e;
  }

 private:
  // D8.3, table D8-49. A Mali has 0b01 for pages.
  DescriptorKind kind() const {
    if ((m_d & 1) == 0) return DescriptorKind::invalid;
    const bool bit1 = (m_d & 2) != 0;
    if (m_level == 3) return bit1 != m_mali ? DescriptorKind::page : DescriptorKind::reserved;
    if (bit1) return DescriptorKind::table;
    bool block = false;
    switch (m_granule) {
      case 12:
        block = m_level >= 1 || (m_level == 0 && m_ds);
        break;
      case 14:
        block = m_level == 2 || (m_level == 1 && m_ds);
        break;
      default:
        block = m_level == 2 || (m_level == 1 && m_lpa);
    }
    return block ? DescriptorKind::block : DescriptorKind::reserved;
  }

  void type(const char* meaning) {
    m_fields.add(1, 1, m_e.kind == DescriptorKind::reserved ? "type" : to_string(m_e.kind), FieldUse::type,
                 meaning, m_e.kind == DescriptorKind::reserved);
    m_fields.add(0, 0, "Valid", FieldUse::type, "valid descriptor");
  }

  static std::string range(const char* name, unsigned high, unsigned low) {
    return std::string(name) + "[" + std::to_string(high) + ":" + std::to_string(low) + "]";
  }

  // Bits [high:low] are bits [high+up:low+up] of an address.
  void address(const char* name, unsigned high, unsigned low, unsigned up = 0) {
    const std::uint64_t part = m_fields.bits(high, low) << (low + up);
    m_e.address = m_e.address.value_or(0) | part;
    m_fields.add(high, low, range(name, high + up, low + up), FieldUse::address, hex(part));
  }

  // Bits [51 or 49:12] but for what is above the address: address, RES0 below it, nT of blocks.
  void address_field(const char* name, unsigned top, unsigned low) {
    const bool block = m_e.kind == DescriptorKind::block;
    address(name, top, low);
    unsigned next = low - 1;  // the highest bit not yet added
    if (block && m_aarch64) {
      if (next >= 17) m_fields.res0(next, 17);
      m_fields.flag(16, "nT",
                    "1: size is being changed, no TLB entry is made; may fault (FEAT_BBML1, otherwise RES0)",
                    "no change of size under way");
      next = 15;
    }
    if (next < 12) return;
    if (m_lpa) {
      address(name, 15, 12, 36);
    } else if (m_mali) {
      m_fields.undocumented(next, 12);
    } else {
      m_fields.res0(next, 12, m_granule == 16 && next == 15 ? "with LPA: bits [51:48] of the address" : "");
    }
  }

  void table() {
    const char* regime_RES0 = m_two_privileges ? "" : "the regime has one privilege level";
    if (m_stage1) {
      if (m_s.secure) {
        m_fields.flag(63, "NSTable", "tables and output from here on are Non-secure", "stays Secure");
      } else {
        m_fields.res0(63, 63, "NSTable, in Secure state");
      }
      if (m_s.HPD) {
        m_fields.ignored(62, 59, "APTable, XNTable, PXNTable: disabled by HPD");
      } else {
        static constexpr std::array<const char*, 4> APTable = {
            "takes no data access away", "no unprivileged access below", "no write access below",
            "no unprivileged and no write access below"};
        static constexpr std::array<const char*, 4> single = {
            "takes no data access away", "no effect: the regime has one privilege level",
            "no write access below", "no write access below"};
        const auto value = static_cast<unsigned>(m_fields.bits(62, 61));
        m_fields.attribute(62, 61, "APTable[1:0]", m_two_privileges ? APTable[value] : single[value]);
        m_fields.flag(
            60, m_aarch64 && m_two_privileges ? "UXNTable" : "XNTable",
            m_aarch64 && m_two_privileges ? "no unprivileged execution below" : "no execution below",
            "takes no execution away");
        if (m_two_privileges) {
          m_fields.flag(59, "PXNTable", "no privileged execution below", "takes no execution away");
        } else {
          m_fields.res0(59, 59, regime_RES0);
        }
      }
    } else {
      m_fields.res0(63, 59);
    }
    if (m_aarch64) {
      m_fields.ignored(58, 51);
      m_fields.res0(50, 50);
      if (m_ds) {
        address("NLTA", 49, 48);
      } else {
        m_fields.res0(49, 48, m_granule == 16 ? "" : "with DS: bits [49:48] of the address");
      }
      address_field("NLTA", 47, m_granule);
    } else {
      m_fields.ignored(58, 52);
      m_fields.res0(51, 40);
      address_field("NLTA", 39, 12);
    }
    if (m_ds) {
      m_fields.ignored(11, 10);
      address("NLTA", 9, 8, 42);
      m_fields.ignored(7, 2);
    } else {
      m_fields.ignored(11, 2);
    }
    type("1: table, not block");
  }

  void leaf() {
    m_stage1 ? upper_stage1() : upper_stage2();
    if (!m_aarch64) {
      m_fields.res0(51, 40);
      address_field("OA", 39, m_size);
    } else {
      if (m_ds) {
        address("OA", 49, 48);
      } else {
        m_fields.res0(49, 48, m_granule == 16 ? "" : "with DS: bits [49:48] of the address");
      }
      address_field("OA", 47, m_size);
    }
    m_stage1 ? lower_stage1() : lower_stage2();
    type(m_e.kind == DescriptorKind::page ? "1: page" : "0: block, not table");
  }

  void contiguous() {
    // D8.7.1; VMSAv8-32: 16 entries
    unsigned shift = 4;
    if (m_granule == 14) shift = m_level == 3 ? 7 : 5;
    if (m_granule == 16) shift = 5;
    const bool none = m_level == 0 || (m_level == 1 && m_granule != 12);
    const std::string set = none ? "set: no contiguous range is defined at this level"
                                 : "one of " + std::to_string(1U << shift) + " entries that map " +
                                       size_words(m_size + shift) + " as one range";
    m_fields.attribute(52, 52, "Contiguous", m_fields.bit(52) ? set : "stands alone");
  }

  // With HD, DBM and the write permission together say clean or dirty.
  void dirty_bit_modifier(bool writable) {
    const char* meaning = "";
    if (!m_fields.bit(51)) {
      meaning = "hardware does not change the write permission";
    } else if (!m_s.HD) {
      meaning = "no effect: hardware does not manage dirty state (HD)";
    } else {
      meaning = writable ? "writable, dirty" : "writable, clean: the first write makes it dirty";
    }
    m_fields.attribute(51, 51, "DBM", meaning);
  }

  void upper_stage1() {
    const char* PBHA = "IGNORED, unless TCR.HWU gives it to the memory system";
    if (m_aarch64 && !m_s.secure) {
      m_fields.software(63, 63);
    } else {
      m_fields.ignored(63, 63);
    }
    m_fields.add(62, 59, "PBHA[3:0]", FieldUse::hardware, PBHA);
    m_fields.software(58, 55);
    const bool UXN = m_aarch64 && m_two_privileges;
    m_fields.flag(54, UXN ? "UXN" : "XN", UXN ? "no unprivileged execution" : "no execution",
                  UXN ? "unprivileged execution allowed" : "execution allowed");
    if (m_two_privileges) {
      m_fields.flag(53, "PXN", "no privileged execution", "privileged execution allowed");
    } else {
      m_fields.res0(53, 53, "the regime has one privilege level");
    }
    contiguous();
    if (!m_aarch64) return;
    dirty_bit_modifier(!m_fields.bit(7));
    m_fields.flag(50, "GP", "guarded page (FEAT_BTI, otherwise RES0)", "not guarded");
  }

  void shareability() {
    if (m_ds) return address("OA", 9, 8, 42);
    const auto SH = static_cast<Shareability>(m_fields.bits(9, 8));
    m_fields.attribute(9, 8, "SH[1:0]",
                       SH == Shareability::reserved ? "reserved value" : shareability_words(SH),
                       SH == Shareability::reserved);
  }

  void access_flag() {
    m_fields.flag(10, "AF", "accessed", "not accessed: Access flag fault, or set by hardware");
  }

  void attribute_index() {
    const auto index = static_cast<unsigned>(m_fields.bits(4, 2));
    std::string meaning = (m_mali ? "MEMATTR byte " : "MAIR Attr") + std::to_string(index);
    if (m_s.MAIR) {
      const auto byte = static_cast<std::uint8_t>(*m_s.MAIR >> (8 * index));
      meaning += m_mali ? ": " + hex(byte) : ": " + memory_words(byte);
    }
    m_fields.attribute(4, 2, "AttrIndx[2:0]", meaning);
  }

  void lower_stage1() {
    if (m_two_privileges) {
      m_fields.flag(11, "nG", "not global: belongs to one ASID", "global: all ASIDs");
    } else {
      m_fields.res0(11, 11, "the regime has no ASID");
    }
    access_flag();
    shareability();
    if (m_two_privileges) {
      static constexpr std::array<const char*, 4> AP = {
          "privileged read and write, unprivileged none", "privileged and unprivileged read and write",
          "privileged read, unprivileged none", "privileged and unprivileged read"};
      m_fields.attribute(7, 6, "AP[2:1]", AP[static_cast<unsigned>(m_fields.bits(7, 6))]);
    } else {
      m_fields.flag(7, "AP[2]", "read only", "read and write");
      m_fields.add(6, 6, "RES1", FieldUse::res1,
                   m_fields.bit(6) ? "AP[1]: the regime has one privilege level" : "AP[1]: must be 1",
                   !m_fields.bit(6));
    }
    if (m_s.secure) {
      m_fields.flag(5, "NS", "output is Non-secure", "output is Secure");
    } else {
      m_fields.res0(5, 5, "NS, in Secure state");
    }
    attribute_index();
  }

  void upper_stage2() {
    if (m_aarch64) {
      m_fields.res0(63, 63);
      m_fields.add(62, 60, "PBHA[3:1]", FieldUse::hardware,
                   "reserved for a System MMU, unless VTCR.HWU gives it to the memory system");
      m_fields.add(59, 59, "PBHA[0]", FieldUse::hardware,
                   "IGNORED, unless VTCR.HWU gives it to the memory system");
      m_fields.software(58, 56, "[58] is AssuredOnly with FEAT_THE");
      m_fields.ignored(55, 55, "NS, in Realm state");
    } else {
      m_fields.ignored(63, 63);
      m_fields.add(62, 59, "System MMU", FieldUse::hardware, "reserved for a System MMU");
      m_fields.software(58, 55);
    }
    if (m_s.XNX) {
      static constexpr std::array<const char*, 4> XN = {"execution allowed", "unprivileged execution only",
                                                        "no execution", "privileged execution only"};
      m_fields.attribute(54, 53, "XN[1:0]", XN[static_cast<unsigned>(m_fields.bits(54, 53))]);
    } else {
      m_fields.flag(54, "XN", "no execution", "execution allowed");
      m_fields.res0(53, 53, "XN[0], with XNX");
    }
    contiguous();
    if (!m_aarch64) return;
    dirty_bit_modifier(m_fields.bit(7));
    m_fields.res0(50, 50);
  }

  void lower_stage2() {
    if (m_aarch64) {
      m_fields.flag(11, "FnXS", "barriers and TLB maintenance with nXS do not wait (FEAT_XS, otherwise RES0)",
                    "XS as stage 1 says");
    } else {
      m_fields.res0(11, 11);
    }
    access_flag();
    shareability();
    static constexpr std::array<const char*, 4> S2AP = {"no data access", "read", "write", "read and write"};
    m_fields.attribute(7, 6, "S2AP[1:0]", S2AP[static_cast<unsigned>(m_fields.bits(7, 6))]);
    const auto MemAttr = static_cast<unsigned>(m_fields.bits(5, 2));
    const std::string words = stage2_memory_words(MemAttr, m_s.FWB);
    const bool reserved = words.find("reserved") != std::string::npos;
    if (m_s.FWB) {
      m_fields.res0(5, 5, "with FWB");
      m_fields.attribute(4, 2, "MemAttr[2:0]", words, reserved);
    } else {
      m_fields.attribute(5, 2, "MemAttr[3:0]", words, reserved);
    }
  }

  // As drivers/iommu/io-pgtable-arm.c of Linux writes the format ARM_MALI_LPAE.
  void mali_table() {
    m_fields.undocumented(63, 48);
    address("NLTA", 47, 12);
    m_fields.undocumented(11, 2);
    type("1: table, not block");
  }

  void mali_leaf() {
    m_fields.undocumented(63, 55);
    static constexpr std::array<const char*, 4> XN = {"execution allowed",
                                                      "only bit 53: Linux sets both or none",
                                                      "only bit 54: Linux sets both or none", "no execution"};
    m_fields.attribute(54, 53, "XN", XN[static_cast<unsigned>(m_fields.bits(54, 53))]);
    m_fields.undocumented(52, 48);
    address_field("OA", 47, m_size);
    m_fields.undocumented(11, 10, "Linux writes 0: no AF, no nG");
    static constexpr std::array<const char*, 4> SH = {"Non-shareable", "reserved value",
                                                      "outside the GPU (what Linux writes)",
                                                      "between the cores of the GPU"};
    const auto value = static_cast<unsigned>(m_fields.bits(9, 8));
    m_fields.attribute(9, 8, "SH[1:0]", SH[value], value == 1);
    static constexpr std::array<const char*, 4> access = {"no data access", "read", "write",
                                                          "read and write"};
    m_fields.attribute(7, 6, "access", access[static_cast<unsigned>(m_fields.bits(7, 6))]);
    m_fields.undocumented(5, 5);
    attribute_index();
    type(m_e.kind == DescriptorKind::page ? "0: page" : "0: block, not table");
  }

  int m_level;
  std::uint64_t m_d;
  const ExplainSettings& m_s;
  Explanation m_e;
  FieldList m_fields;
  bool m_aarch64 = false;
  bool m_mali = false;
  bool m_stage1 = false;  // in the architecture's formats
  bool m_two_privileges = true;
  unsigned m_granule = 12;
  bool m_lpa = false;
  bool m_ds = false;
  unsigned m_size = 0;  // log2 of what a descriptor of this level covers
};

}  // namespace

Explanation explain_long(DescriptorFormat format, int level, std::uint64_t d, const ExplainSettings& s) {
  return LongDescriptor(format, level, d, s).explain();
}

}  // namespace smmuvp::pgtable::detail
