// Short descriptors, 32 bits (DDI 0487 G5.4; field layout and encodings unverified).
#include <array>

#include "explain_fields.h"

namespace smmuvp::pgtable::detail {
namespace {

// Where the attributes of a leaf stand: sections and supersections, large pages, small pages.
struct Positions {
  unsigned TEX;  // lowest of three bits
  unsigned AP;   // lowest of AP[1:0]
  unsigned AP2;
};
constexpr Positions section_positions = {12, 10, 15};
constexpr Positions large_page_positions = {12, 4, 9};
constexpr Positions small_page_positions = {6, 4, 9};

class ShortDescriptor {
 public:
  ShortDescriptor(int level, std::uint32_t d, const ExplainSettings& s)
      : m_level(level), m_s(s), m_fields(d, m_e) {}

  Explanation explain() {
    const auto type = static_cast<unsigned>(m_fields.bits(1, 0));
    if (type == 0) {
      m_e.kind = DescriptorKind::invalid;
      m_fields.ignored(31, 2);
      m_fields.add(1, 0, "type", FieldUse::type, "0b00: invalid descriptor");
    } else if (m_level == 1) {
      if (type == 1) {
        table();
      } else {
        m_fields.bit(18) ? supersection() : section();
      }
    } else {
      type == 1 ? large_page() : small_page();
    }
    return m_e;
  }

 private:
  void address(const char* name, unsigned high, unsigned low, unsigned to) {
    const std::uint64_t part = m_fields.bits(high, low) << to;
    if (!m_e.address) m_e.address = 0;  // not value_or(): g++ 12 warns of it with the sanitizers on
    *m_e.address |= part;
    m_fields.add(high, low, name, FieldUse::address, hex(part));
  }

  void leaf(DescriptorKind kind, unsigned shift, const Positions& at) {
    m_e.kind = kind;
    m_e.size_shift = static_cast<std::uint8_t>(shift);
    m_tex = static_cast<unsigned>(m_fields.bits(at.TEX + 2, at.TEX));
    m_ap = static_cast<unsigned>(m_fields.bits(at.AP + 1, at.AP)) | (m_fields.bit(at.AP2) ? 4U : 0U);
    m_at = at;
  }

  void table() {
    m_e.kind = DescriptorKind::table;
    address("PA[31:10]", 31, 10, 10);
    implementation_defined();
    domain();
    m_fields.res0(4, 4);
    add_ns(3);
    m_fields.flag(2, "PXN", "no privileged execution below", "privileged execution allowed");
    m_fields.add(1, 0, "type", FieldUse::type, "0b01: table of level 2");
  }

  void section() {
    leaf(DescriptorKind::section, 20, section_positions);
    address("PA[31:20]", 31, 20, 20);
    add_ns(19);
    m_fields.add(18, 18, "type", FieldUse::type, "0: section");
    section_middle();
    implementation_defined();
    domain();
    section_end();
  }

  void supersection() {
    leaf(DescriptorKind::supersection, 24, section_positions);
    address("PA[31:24]", 31, 24, 24);
    address("PA[35:32]", 23, 20, 32);
    add_ns(19);
    m_fields.add(18, 18, "type", FieldUse::type, "1: supersection; belongs to domain 0");
    section_middle();
    implementation_defined();
    address("PA[39:36]", 8, 5, 36);
    section_end();
  }

  void section_middle() {
    add_ng(17);
    add_s(16);
    add_ap2();
    add_tex();
    add_ap();
  }

  void section_end() {
    add_xn(4);
    add_c_and_b();
    m_fields.add(1, 1, "type", FieldUse::type, "1: section or supersection");
    m_fields.flag(0, "PXN", "no privileged execution", "privileged execution allowed");
  }

  void large_page() {
    leaf(DescriptorKind::large_page, 16, large_page_positions);
    address("PA[31:16]", 31, 16, 16);
    add_xn(15);
    add_tex();
    add_ng(11);
    add_s(10);
    add_ap2();
    m_fields.res0(8, 6);
    add_ap();
    add_c_and_b();
    m_fields.add(1, 0, "type", FieldUse::type, "0b01: large page");
  }

  void small_page() {
    leaf(DescriptorKind::small_page, 12, small_page_positions);
    address("PA[31:12]", 31, 12, 12);
    add_ng(11);
    add_s(10);
    add_ap2();
    add_tex();
    add_ap();
    add_c_and_b();
    m_fields.add(1, 1, "type", FieldUse::type, "1: small page");
    add_xn(0);
  }

  void implementation_defined() { m_fields.add(9, 9, "IMPLEMENTATION DEFINED", FieldUse::hardware, ""); }

  void domain() {
    const auto value = static_cast<unsigned>(m_fields.bits(8, 5));
    std::string meaning;
    if (m_s.DACR) {
      static constexpr std::array<const char*, 4> access = {
          "no access: Domain fault", "client: permissions are checked", "reserved in DACR",
          "manager: permissions are not checked"};
      meaning = access[*m_s.DACR >> (2 * value) & 3];
    } else {
      meaning = "DACR says whether permissions are checked";
    }
    m_fields.attribute(8, 5, "Domain", meaning);
  }

  void add_ns(unsigned n) {
    if (m_s.secure) {
      m_fields.flag(n, "NS", "output is Non-secure", "output is Secure");
    } else {
      m_fields.add(n, n, "NS", FieldUse::software, "ignored in Non-secure state");
    }
  }
  void add_ng(unsigned n) { m_fields.flag(n, "nG", "not global: belongs to one ASID", "global: all ASIDs"); }
  void add_xn(unsigned n) { m_fields.flag(n, "XN", "no execution", "execution allowed"); }

  void add_s(unsigned n) {
    if (m_s.TRE) {
      m_fields.flag(n, "S", "1: PRRR.NS1 or DS1 says whether shareable",
                    "0: PRRR.NS0 or DS0 says whether shareable");
    } else {
      m_fields.flag(n, "S", "Normal memory is shareable", "Normal memory is not shareable");
    }
  }

  void add_ap2() {
    m_fields.flag(m_at.AP2, "AP[2]", "takes writing away: see AP[1:0]", "leaves writing: see AP[1:0]");
  }

  // Without AFE AP[2:0] are one value; with AFE AP[2:1] are, and AP[0] is the Access flag.
  void add_ap() {
    static constexpr std::array<const char*, 8> full = {"no access",
                                                        "privileged read and write, unprivileged none",
                                                        "privileged read and write, unprivileged read",
                                                        "privileged and unprivileged read and write",
                                                        "AP[2:0]=0b100 is reserved",
                                                        "privileged read, unprivileged none",
                                                        "privileged and unprivileged read (deprecated)",
                                                        "privileged and unprivileged read"};
    static constexpr std::array<const char*, 4> simple = {
        "privileged read and write, unprivileged none", "privileged and unprivileged read and write",
        "privileged read, unprivileged none", "privileged and unprivileged read"};
    if (!m_s.AFE) {
      m_fields.attribute(m_at.AP + 1, m_at.AP, "AP[1:0]", full[m_ap], m_ap == 4);
      return;
    }
    m_fields.attribute(m_at.AP + 1, m_at.AP + 1, "AP[1]", simple[m_ap >> 1]);
    m_fields.flag(m_at.AP, "AP[0]", "Access flag: accessed", "Access flag: not accessed, Access flag fault");
  }

  void add_tex() {
    if (m_s.TRE) {
      m_fields.software(m_at.TEX + 2, m_at.TEX + 1, "TEX[2:1] with TRE");
      m_fields.attribute(m_at.TEX, m_at.TEX, "TEX[0]", remapped());
      return;
    }
    bool reserved = false;
    const std::string words = memory(reserved);
    m_fields.attribute(m_at.TEX + 2, m_at.TEX, "TEX[2:0]", words, reserved);
  }

  void add_c_and_b() {
    const char* with = m_s.TRE ? "see TEX[0]" : "see TEX[2:0]";
    m_fields.attribute(3, 3, "C", with);
    m_fields.attribute(2, 2, "B", with);
  }

  unsigned bits_of_c_and_b() const { return static_cast<unsigned>(m_fields.bits(3, 2)); }

  std::string memory(bool& reserved) const {
    static constexpr std::array<const char*, 4> cacheability = {
        "Non-cacheable", "Write-Back W-allocate", "Write-Through no W-allocate", "Write-Back no W-allocate"};
    if (m_tex >= 4) {
      return std::string("Normal, Outer ") + cacheability[m_tex & 3] + ", Inner " +
             cacheability[bits_of_c_and_b()];
    }
    switch (m_tex << 2 | bits_of_c_and_b()) {
      case 0b00000:
        return "Device-nGnRnE (Strongly-ordered)";
      case 0b00001:
        return "Device-nGnRE, shareable";
      case 0b00010:
        return "Normal, Outer and Inner Write-Through no W-allocate";
      case 0b00011:
        return "Normal, Outer and Inner Write-Back no W-allocate";
      case 0b00100:
        return "Normal, Outer and Inner Non-cacheable";
      case 0b00110:
        return "IMPLEMENTATION DEFINED memory";
      case 0b00111:
        return "Normal, Outer and Inner Write-Back W-allocate";
      case 0b01000:
        return "Device-nGnRE, not shareable";
      default:
        reserved = true;
        return "reserved value of TEX, C and B";
    }
  }

  // PRRR.TR<n> and NMRR.{OR<n>, IR<n>} with n = {TEX[0], C, B}
  std::string remapped() const {
    const unsigned n = (m_tex & 1) << 2 | bits_of_c_and_b();
    const std::string index = std::to_string(n);
    if (n == 6) return "with C and B 6: IMPLEMENTATION DEFINED memory";
    std::string text = "with C and B " + index + ": ";
    if (!m_s.PRRR) return text + "PRRR.TR" + index + " and NMRR say what memory it is";
    switch (*m_s.PRRR >> (2 * n) & 3) {
      case 0:
        return text + "Device-nGnRnE";
      case 1:
        return text + "Device-nGnRE";
      case 3:
        return text + "reserved in PRRR.TR" + index;
      default:
        break;
    }
    if (!m_s.NMRR) return text + "Normal, NMRR says how cacheable";
    static constexpr std::array<const char*, 4> cacheability = {
        "Non-cacheable", "Write-Back W-allocate", "Write-Through no W-allocate", "Write-Back no W-allocate"};
    return text + "Normal, Outer " + cacheability[*m_s.NMRR >> (2 * n + 16) & 3] + ", Inner " +
           cacheability[*m_s.NMRR >> (2 * n) & 3];
  }

  int m_level;
  const ExplainSettings& m_s;
  Explanation m_e;
  FieldList m_fields;
  Positions m_at = {};
  unsigned m_tex = 0;
  unsigned m_ap = 0;
};

}  // namespace

Explanation explain_short(int level, std::uint32_t d, const ExplainSettings& s) {
  return ShortDescriptor(level, d, s).explain();
}

}  // namespace smmuvp::pgtable::detail
