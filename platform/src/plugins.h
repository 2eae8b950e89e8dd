// Finds and loads plugins: shared objects libsmmuvp-<name>.so that offer types of components.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "config.h"
#include "smmuvp/tlm/plugin.h"

namespace smmuvp::platform {

/// A file that was looked at.
struct PluginFile {
  std::string path;
  std::string description;
  std::string refusal;  ///< why it cannot be used; empty if it can
  const ComponentType* types = nullptr;
  std::size_t type_count = 0;
};

/// The folders that are searched: next to the program (../lib/smmu-vp and the install tree's), then
/// SMMU_VP_PLUGIN_PATH (separated by ':'), then `extra`. @throws ConfigError if one of `extra` is no folder
std::vector<std::string> plugin_directories(const std::vector<HostFile>& extra);

/// What plugins offer. A plugin is never unloaded.
class PluginCatalogue {
 public:
  explicit PluginCatalogue(std::vector<std::string> directories);

  /// Looks at libsmmuvp-<type>.so first, then at all plugins by file name, folder by folder; the first one
  /// that offers the type is taken. @throws ConfigError that says where it looked and what it refused
  const ComponentType& find(const std::string& type);

  /// Loads every plugin there is.
  void load_all();
  const std::vector<std::unique_ptr<PluginFile>>& files() const { return m_files; }
  const std::vector<std::string>& directories() const { return m_directories; }

 private:
  PluginFile& load(const std::string& path);
  std::vector<std::string> candidates(const std::string& directory) const;

  std::vector<std::string> m_directories;
  std::vector<std::unique_ptr<PluginFile>> m_files;
};

}  // namespace smmuvp::platform
