#include "source_lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace smmuvp::platform {

namespace {

int find_no_debug_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word,
                       char**) {
  return -1;  // what is not in the file is nowhere
}

const Dwfl_Callbacks callbacks = {dwfl_build_id_find_elf, find_no_debug_file, dwfl_offline_section_address,
                                  nullptr};

// A section with code, and where libdw and SymbolFile have it.
struct Section {
  std::uint64_t ours = 0;
  std::uint64_t theirs = 0;
  std::uint64_t bytes = 0;
};

bool is_relocatable(Elf* elf) {
  GElf_Ehdr header;
  return gelf_getehdr(elf, &header) != nullptr && header.e_type == ET_REL;
}

std::vector<Section> sections_of(Elf* elf, std::uint64_t bias) {
  std::vector<Section> sections;
  std::uint64_t at = 0;
  for (Elf_Scn* s = elf_nextscn(elf, nullptr); s != nullptr; s = elf_nextscn(elf, s)) {
    GElf_Shdr header;
    if (gelf_getshdr(s, &header) == nullptr) continue;
    if ((header.sh_flags & SHF_ALLOC) == 0 || (header.sh_flags & SHF_EXECINSTR) == 0) continue;
    if (const std::uint64_t align = header.sh_addralign; align > 1 && (align & (align - 1)) == 0)
      at = (at + align - 1) & ~(align - 1);
    sections.push_back({at, header.sh_addr + bias, header.sh_size});
    at += header.sh_size;
  }
  return sections;
}

// Where an inlined function was called.
SourceFrame called_from(Dwarf_Die& unit, Dwarf_Die& inlined) {
  SourceFrame at;
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_line, &attribute), &value) == 0)
    at.line = static_cast<unsigned>(value);
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (dwarf_formudata(dwarf_attr(&inlined, DW_AT_call_file, &attribute), &value) == 0 &&
      dwarf_getsrcfiles(&unit, &files, &count) == 0 && value < count) {
    if (const char* file = dwarf_filesrc(files, value, nullptr, nullptr)) at.file = file;
  }
  return at;
}

}  // namespace

struct SourceLines::Impl {
  Dwfl* dwfl = nullptr;
  Dwfl_Module* module = nullptr;
  std::vector<Section> sections;  // of a relocatable file

  Impl() = default;
  Impl(const Impl&) = delete;
  ~Impl() {
    if (dwfl != nullptr) dwfl_end(dwfl);
  }
};

SourceLines::SourceLines(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
SourceLines::~SourceLines() = default;

std::unique_ptr<SourceLines> SourceLines::open(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) return nullptr;
  auto impl = std::make_unique<Impl>();
  impl->dwfl = dwfl_begin(&callbacks);
  if (impl->dwfl == nullptr) return nullptr;
  dwfl_report_begin(impl->dwfl);
  impl->module = dwfl_report_offline(impl->dwfl, "guest", path.c_str(), -1);
  dwfl_report_end(impl->dwfl, nullptr, nullptr);
  if (impl->module == nullptr) return nullptr;
  Dwarf_Addr bias = 0;
  if (dwfl_module_getdwarf(impl->module, &bias) == nullptr) return nullptr;
  Elf* elf = dwfl_module_getelf(impl->module, &bias);
  if (elf == nullptr) return nullptr;
  if (is_relocatable(elf)) impl->sections = sections_of(elf, bias);
  return std::unique_ptr<SourceLines>(new SourceLines(std::move(impl)));
}

std::vector<SourceFrame> SourceLines::find(std::uint64_t address) const {
  if (!m_impl->sections.empty()) {
    const auto s =
        std::find_if(m_impl->sections.begin(), m_impl->sections.end(),
                     [address](const Section& x) { return address >= x.ours && address - x.ours < x.bytes; });
    if (s == m_impl->sections.end()) return {};
    address = s->theirs + (address - s->ours);
  }
  SourceFrame at;
  if (Dwfl_Line* line = dwfl_module_getsrc(m_impl->module, address); line != nullptr) {
    int number = 0;
    if (const char* file = dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr)) {
      at.file = file;
      at.line = static_cast<unsigned>(number);
    }
  }
  std::vector<SourceFrame> frames;
  Dwarf_Addr bias = 0;
  if (Dwarf_Die* unit = dwfl_module_addrdie(m_impl->module, address, &bias); unit != nullptr) {
    Dwarf_Die* scopes = nullptr;
    const int count = dwarf_getscopes(unit, address - bias, &scopes);
    // Scopes around the innermost function as it was written are not those that it was inlined into.
    Dwarf_Die* inlined = nullptr;
    const int inlined_count = count > 0 ? dwarf_getscopes_die(&scopes[0], &inlined) : 0;
    for (int i = 0; i < inlined_count; ++i) {
      const int tag = dwarf_tag(&inlined[i]);
      if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine) continue;
      const char* name = dwarf_diename(&inlined[i]);
      at.function = name != nullptr ? name : "";
      frames.push_back(at);
      if (tag == DW_TAG_subprogram) break;
      at = called_from(*unit, inlined[i]);
    }
    std::free(inlined);
    std::free(scopes);
  }
  if (frames.empty() && !at.file.empty()) frames.push_back(at);
  return frames;
}

}  // namespace smmuvp::platform
