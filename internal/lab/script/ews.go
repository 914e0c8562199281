package script

// Folder is EWS's answer to GetFolder, as it comes after a logon.
const Folder = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetFolderResponse xmlns="http://schemas.microsoft.com/exchange/services/2006/messages">` +
	`<ResponseMessages><GetFolderResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode><Folders><Folder><FolderId Id="a"/></Folder></Folders>` +
	`</GetFolderResponseMessage></ResponseMessages></GetFolderResponse></s:Body></s:Envelope>`
